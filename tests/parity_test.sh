#!/usr/bin/env bash
# One training step of each phase of the lectures here and in PyTorch, number by number. Skipped where python3 has no torch.
# usage: parity_test.sh UNIT_TESTS        (GRADUS_PYTHON names another interpreter than python3)
exec bash "$(dirname "$0")/parity/check.sh" torch "$1" "gradus writes its training steps for Python" \
  GRADUS_STEPS_FILE step_values.py
