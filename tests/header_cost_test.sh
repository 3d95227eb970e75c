#!/usr/bin/env bash
# Every public header compiles by itself, and the headers that a user includes are cheap: they cost less than 2.5 times
# what five of the standard library's do. Where those take 0.3 s, gradus.h takes 0.55. A bound in seconds would measure
# the machine: a busy one takes twice as long for the same header. So both are compiled in turn, and the fastest of five
# counts, in seconds of the processor.
# usage: header_cost_test.sh COMPILER INCLUDE_FOLDER
set -euo pipefail
export compiler=$1 include=$2
cd "$(dirname "$0")/.."
export unit=$(mktemp -d)
trap 'rm -rf "$unit"' EXIT
standard="<iostream> <memory> <functional> <string> <vector>" most=2.5

compile() { printf '#include %s\n' $1 | "$compiler" -std=c++20 -Wall -Wextra -Werror -I"$include" "${@:2}" -x c++ - ; }
alone() { compile "<gradus/$1>" -fsyntax-only || { echo "$1 does not compile by itself"; return 1; }; }
export -f compile alone

failed=0
printf '%s\n' gradus.h {core,layers,optim,data,report,models}/*.h | xargs -P "$(nproc)" -I{} bash -c 'alone {}' || failed=1

seconds() { { TIMEFORMAT=%U; time compile "$1" -O2 -c -o "$unit/out.o"; } 2>&1; }
least() { printf '%s\n' "$@" | sort -n | sed -n 1p; }
for header in core/tensor.h core/ops.h gradus.h; do
  ours=() theirs=()
  for _ in 1 2 3 4 5; do
    ours+=("$(seconds "<gradus/$header>")")
    theirs+=("$(seconds "$standard")")
  done
  awk -v header="$header" -v ours="$(least "${ours[@]}")" -v theirs="$(least "${theirs[@]}")" -v most=$most 'BEGIN {
    printf "%s: %.3f s, %.2f times the standard headers (%.3f s)\n", header, ours, ours / theirs, theirs
    exit !(ours < most * theirs)
  }' || { echo "$header costs more than $most times as much"; failed=1; }
done
exit $failed
