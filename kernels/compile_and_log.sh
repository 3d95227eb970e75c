#!/usr/bin/env bash
# How kernels/cuda.cmake runs nvcc: what ptxas says of each kernel's registers and memory goes into OBJECT.log, where
# tests/spills_test.sh reads it; anything else that nvcc says is printed.
# usage: compile_and_log.sh NVCC ARGUMENT... -o OBJECT ...
set -uo pipefail
for ((i = 1; i < $#; i++)); do
  [[ ${!i} != -o ]] || { next=$((i + 1)) && log=${!next}.log; }
done
"$@" >"$log" 2>&1
status=$?
grep -v -e '^ptxas info' -e '^ *[0-9]* bytes stack frame' -e '^$' "$log"
exit $status
