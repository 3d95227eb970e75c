#!/usr/bin/env bash
# The C++ in README.md and docs/ is true. A block ```cpp with a main function is compiled and run; one whose fence names a
# file (```cpp core/ops.cpp) stands in that file, to the letter but for indentation; the others of a page are, one after
# the other, the body of one function, which is compiled and run.
# usage: docs_code_test.sh COMPILER INCLUDE_FOLDER LIBRARY...
set -euo pipefail
compiler=$1 include=$2
libraries=("${@:3}")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Whether the pieces of an excerpt, which lines of "..." or "// ..." part, stand in the file that its first line names.
stands_in_file() {
  awk 'FNR == 1 { reading++ }
       { sub(/^[ \t]+/, ""); sub(/[ \t]+$/, "") }
       reading == 1 { text = text "\n" $0; next }
       FNR == 1 { next }
       /^(\/\/ )?\.\.\.$/ { pieces++; next }
       { piece[pieces + 0] = piece[pieces + 0] "\n" $0 }
       END {
         for (i = 0; i <= pieces; i++) {
           sub(/\n+$/, "", piece[i])
           at = index(text "\n", piece[i] "\n")
           if (at == 0) exit 1
           text = substr(text, at + length(piece[i]))
         }
       }' "$(head -n 1 "$1")" "$1"
}

failed=0
number=0
while read -r page; do
  number=$((number + 1))
  awk -v page="$page" -v out="$work/$number" -f tests/docs_code.awk "$page" || failed=1
  for excerpt in "$work/$number".*.excerpt; do
    [[ -f $excerpt ]] || continue
    stands_in_file "$excerpt" || { echo "$page: this does not stand in $(cat "$excerpt")"; failed=1; }
  done
  for source in "$work/$number".*.cpp; do
    [[ -f $source ]] || continue
    "$compiler" -std=c++20 -Wall -Wextra -Wno-unused -I"$include" "$source" -o "$source.program" "${libraries[@]}" &&
      (cd "$work" && "$source.program" >"$source.output") ||
      { echo "$page: code in it does not compile or does not run"; failed=1; }
  done
done < <(find README.md docs -name '*.md' | sort)
exit $failed
