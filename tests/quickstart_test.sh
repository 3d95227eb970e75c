#!/usr/bin/env bash
# The README's first program is examples/quickstart.cpp, to the letter, and prints what README.md says; the steps' counts
# may differ on another processor.
# usage: quickstart_test.sh PROGRAM
set -euo pipefail
cd "$(dirname "$0")/.."
diff <(awk '/^```cpp/ {code = 1; next} /^```/ && code {exit} code' README.md) examples/quickstart.cpp ||
  { echo "README.md (<) and examples/quickstart.cpp (>) differ"; exit 1; }
printed=$("$1")
certain='^(the gradient|gradcheck)'
diff <(awk '/^```text/ {text = 1; next} /^```/ && text {exit} text' README.md | grep -E "$certain") <(grep -E "$certain" <<<"$printed") ||
  { echo "README.md's output (<) and the program's (>) differ"; exit 1; }
