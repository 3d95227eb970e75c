#!/usr/bin/env bash
# No float32 kernel spills registers or has a stack frame: either is memory where a register was meant. It reads what
# ptxas said when nvcc built kernels/*.cu (OBJECT.log, by kernels/compile_and_log.sh). float64 kernels are listed only.
# usage: spills_test.sh FOLDER_OF_OBJECTS
set -euo pipefail

# Reads logs of ptxas -v, demangled; prints each kernel that spills, and at the end how many kernels it saw.
spills() {
  c++filt | awk '
    /^ptxas info *: Function properties for / { sub(/^.*properties for /, ""); kernel = $0; ++kernels }
    / bytes stack frame, / && ($1 > 0 || $5 > 0 || $9 > 0) {
      wide = kernel ~ /double/
      bad += !wide
      printf "%s%s\n  %s\n", wide ? "float64, allowed: " : "", kernel, $0
    }
    END { printf "%d kernels, %d that may not spill do\n", kernels, bad; exit kernels == 0 || bad > 0 }'
}

# The check itself: what must pass passes, what must not does not.
kernel() { printf 'ptxas info    : Function properties for _Z4copyI%sEvPKT_PS0_\n    %s\n' "$1" "$2"; }
kernel f "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads" | spills >/dev/null
kernel d "8 bytes stack frame, 4 bytes spill stores, 4 bytes spill loads" | spills >/dev/null
for wrong in "8 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads" \
  "0 bytes stack frame, 4 bytes spill stores, 0 bytes spill loads" "0 bytes stack frame, 0 bytes spill stores, 4 bytes spill loads"; do
  ! kernel f "$wrong" | spills >/dev/null || { echo "a float32 kernel with $wrong was not caught"; exit 1; }
done
! spills </dev/null >/dev/null || { echo "a log without kernels passed"; exit 1; }

mapfile -t objects < <(find "$1" -name '*.cu.o' | sort)
[[ ${#objects[@]} -gt 0 ]] || { echo "there is no object of a .cu file in $1"; exit 1; }
failed=0
for object in "${objects[@]}"; do
  name=$(basename "$object" .o)
  grep -q __global__ "$(dirname "$0")/../kernels/$name" || continue  # nothing for the GPU in it
  echo "$name:"
  [[ -f $object.log ]] && spills <"$object.log" || failed=1
done
[[ $failed == 0 ]] || echo "a kernel spills, has a stack frame, or was not seen"
exit $failed
