#!/usr/bin/env bash
# Python's safetensors package reads what gradus wrote. Skipped where python3 has no safetensors and numpy.
# usage: safetensors_python_test.sh UNIT_TESTS        (GRADUS_PYTHON names another interpreter than python3)
exec bash "$(dirname "$0")/parity/check.sh" "numpy safetensors" "$1" "writes a file for Python" \
  GRADUS_SAFETENSORS_FILE safetensors_file.py
