#!/usr/bin/env bash
# One training step of lectures 20 and 32 here and in PyTorch, number by number. Skipped where python3 has no torch.
# usage: parity_test.sh UNIT_TESTS        (GRADUS_PYTHON names another interpreter than python3)
set -euo pipefail
python=${GRADUS_PYTHON:-python3}
if ! "$python" -c 'import torch' 2>/dev/null; then
  echo "Skipped: $python has no torch; set GRADUS_PYTHON to a python3 that has it"
  exit 77
fi
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GRADUS_STEPS_FILE=$work/steps.safetensors "$1" "gradus writes its training steps for Python"
"$python" tests/parity/step_values.py check "$work/steps.safetensors"
