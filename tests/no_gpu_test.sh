#!/usr/bin/env bash
# Where there is no GPU every program starts all the same, and the lectures' programs, asked for one, say so in a
# sentence. They need no CUDA library but the driver's: a binary made here runs where none is installed.
# usage: no_gpu_test.sh FOLDER_OF_PROGRAMS
set -uo pipefail
export CUDA_VISIBLE_DEVICES=  # hides the GPUs, where there are some
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

failed() { echo "$name: $*"; cat "$out/stdout" "$out/stderr" 2>/dev/null; exit 1; }

lectures=0
for program in "$1"/*; do
  [[ -f $program && -x $program ]] || continue
  name=$(basename "$program")
  ! readelf -d "$program" | grep NEEDED | grep -e libcudart -e libcuda.so || failed "needs a CUDA library to start"
  if [[ $name != lecture* ]]; then
    "$program" >"$out/stdout" 2>"$out/stderr" || failed "exit code $?"
    continue
  fi
  lectures=$((lectures + 1))
  "$program" --version >"$out/stdout" 2>"$out/stderr" || failed "--version: exit code $?"
  for device in cuda cuda:1; do
    "$program" --device $device --out "$out/run" >"$out/stdout" 2>"$out/stderr"
    code=$?
    [[ $code == [12] ]] || failed "--device $device: exit code $code, expected 1 or 2"
    grep -q "$device asked for, but .*\(no GPU\|no NVIDIA driver\|driver\)" "$out/stderr" || failed "--device $device: no sentence that says why"
    [[ ! -s $out/stdout && ! -e $out/run ]] || failed "--device $device: it began to work"
  done
done
[[ $lectures -gt 0 ]] || { echo "there is no program of a lecture in $1"; exit 1; }
echo "$lectures programs of lectures say that there is no GPU"
