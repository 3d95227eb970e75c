#!/usr/bin/env bash
# Python's safetensors package reads what gradus wrote. Skipped where python3 has no safetensors and numpy.
# usage: safetensors_python_test.sh UNIT_TESTS        (GRADUS_PYTHON names another interpreter than python3)
set -euo pipefail
python=${GRADUS_PYTHON:-python3}
if ! "$python" -c 'import numpy, safetensors' 2>/dev/null; then
  echo "Skipped: $python has no safetensors and numpy; set GRADUS_PYTHON to a python3 that has them"
  exit 77
fi
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GRADUS_SAFETENSORS_FILE=$work/gradus.safetensors "$1" "writes a file for Python"
"$python" tests/parity/safetensors_file.py check "$work/gradus.safetensors"
