#!/usr/bin/env bash
# Every #include of ours follows the arrows of the house (the table in README.md): kernels <- core <- layers, optim <- models, and
# data, report on core. A folder may include itself and what its arrows reach; examples, bench and tests include all.
# The test first plants one fault of each kind and wants to see it found.
set -euo pipefail
cd "$(dirname "$0")/.."

# Prints each wrong include in the tree DIR, as file:line: what is wrong.
wrong_includes() {
  (cd "$1" && grep -rnE --include='*.h' --include='*.cpp' --include='*.cu' '^[[:space:]]*#[[:space:]]*include' kernels core layers optim data report \
    models examples bench gradus.h 2>/dev/null || true) | awk '
    BEGIN {
      may["kernels"] = "kernels"
      may["core"] = may["kernels"] " core"
      may["layers"] = may["core"] " layers"
      may["optim"] = may["core"] " optim"
      may["data"] = may["core"] " data"
      may["report"] = may["core"] " report"
      may["models"] = may["core"] " layers optim models"
    }
    {
      split($0, part, ":")
      split(part[1], path, "/")
      folder = path[1]
      place = part[1] ":" part[2] ": "
      split($0, header, /[<>"]/)
      if (header[2] ~ /^Eigen\// && !(folder == "kernels" && part[1] ~ /\.cpp$/) && folder != "bench")
        print place "only kernels/*.cpp include Eigen"
      if (!(folder in may)) next
      if ($0 ~ /include[[:space:]]*"/) print place "write <gradus/" folder "/" header[2] ">"
      if (header[2] !~ /^gradus\//) next
      split(header[2], target, "/")
      if (index(" " may[folder] " ", " " target[2] " ") == 0) print place folder " may not include " header[2]
    }'
}

planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
mkdir "$planted"/{kernels,core,layers,optim,data,models,examples}
plant() { printf '#pragma once\n  #  include %s\n' "$2" >"$planted/$1"; }
plant kernels/a.h '<gradus/core/tensor.h>'
plant core/a.cpp '<gradus/layers/linear.h>'
plant core/b.cpp '"tensor.h"'
plant core/c.cpp '<gradus/gradus.h>'
plant layers/a.h '<gradus/optim/adam.h>'
plant data/a.cpp '<gradus/report/image.h>'
plant models/a.h '<gradus/data/mnist.h>'
plant kernels/c.cu '<gradus/layers/linear.h>'
plant kernels/b.h '<Eigen/Core>'
plant core/d.cpp '<Eigen/Core>'
faults=$(find "$planted" -type f | wc -l)
plant kernels/good.cpp '<Eigen/Core>'
plant models/good.h '<gradus/core/tensor.h>'
plant examples/good.cpp '<gradus/report/image.h>'
found=$(wrong_includes "$planted")
if [[ $(wc -l <<<"$found") -ne $faults ]]; then
  printf 'of %d planted faults the check finds:\n%s\n' "$faults" "$found"
  exit 1
fi

wrong=$(wrong_includes .)
[[ -z $wrong ]] || { echo "$wrong"; exit 1; }
