#!/usr/bin/env bash
# Every public header compiles by itself, and the headers that a user includes cost the compiler less than a second each:
# the median of three, in seconds of the processor.
# usage: header_cost_test.sh COMPILER INCLUDE_FOLDER
set -euo pipefail
compiler=$1 include=$2
cd "$(dirname "$0")/.."
unit=$(mktemp -d)
trap 'rm -rf "$unit"' EXIT

compile() { echo "#include <gradus/$1>" | "$compiler" -std=c++20 -Wall -Wextra -Werror -I"$include" "${@:2}" -x c++ - ; }

failed=0
for header in gradus.h {core,layers,optim,data,report,models}/*.h; do
  [[ ! -f $header ]] || compile "$header" -fsyntax-only || { echo "$header does not compile by itself"; failed=1; }
done
for header in core/tensor.h core/ops.h gradus.h; do
  TIMEFORMAT=%U
  seconds=$(for _ in 1 2 3; do time compile "$header" -O2 -c -o "$unit/out.o"; done 2>&1 | sort -n | sed -n 2p)
  echo "$header: $seconds s"
  awk -v seconds="$seconds" 'BEGIN { exit !(seconds < 1) }' || { echo "$header costs more than a second"; failed=1; }
done
exit $failed
