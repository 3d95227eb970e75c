#!/usr/bin/env bash
# The README's first program is examples/quickstart.cpp, to the letter, and runs.
# usage: quickstart_test.sh PROGRAM
set -euo pipefail
cd "$(dirname "$0")/.."
diff <(awk '/^```cpp/ {code = 1; next} /^```/ && code {exit} code' README.md) examples/quickstart.cpp ||
  { echo "README.md (<) and examples/quickstart.cpp (>) differ"; exit 1; }
"$1"
