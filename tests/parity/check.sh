#!/usr/bin/env bash
# A test case writes a file, and a Python script checks it. Skipped where python3 lacks one of the modules.
# usage: check.sh "MODULE..." UNIT_TESTS TEST_CASE VARIABLE SCRIPT
# VARIABLE tells the case where to write, SCRIPT lies beside this file; GRADUS_PYTHON names another interpreter.
set -euo pipefail
read -ra modules <<<"$1"
python=${GRADUS_PYTHON:-python3}
for module in "${modules[@]}"; do
  if ! "$python" -c "import $module" 2>/dev/null; then
    echo "Skipped: $python has no $module; set GRADUS_PYTHON to a python3 that has it"
    exit 77
  fi
done
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
env "$4=$work/written.safetensors" "$2" "$3"
"$python" "tests/parity/$5" check "$work/written.safetensors"
