#!/usr/bin/env bash
# `cmake --install`, and a project that uses what it installed, built and run: from another place than where it was
# installed to, with the compiler and what find_package(gradus) says, and no header of ours missing.
# usage: install_test.sh BUILD_FOLDER COMPILER
set -euo pipefail
build=$1 compiler=$2
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cmake --install "$build" --prefix "$work/first" >log || { cat log; exit 1; }
mv first moved
if grep -rE "$source|$build|$work" moved --include='*.cmake'; then
  echo "what is installed names the folders that it was built or installed in"
  exit 1
fi

# All headers in one file; those of kernels/ by themselves too (header_cost does that for the others). gpu.h, and what
# stands on it, is for nvcc alone where that is what built the library.
mapfile -t headers < <(cd moved/include && find gradus -name '*.h' | sort)
[[ ${#headers[@]} -gt 50 ]] || { echo "only ${#headers[@]} headers are installed"; exit 1; }
for header in "${headers[@]}"; do
  [[ ! $header =~ /(gpu|gpu_tile|grid|launch|part_lists)\.h$ || -d moved/include/gradus/kernels/emulator ]] || continue
  echo "#include <$header>" >>all_headers.cpp
  [[ $header == gradus/kernels/* ]] || continue
  mkdir -p "alone/$(dirname "$header")"
  echo "#include <$header>" >"alone/$header.cpp"
done

cmake -S "$source/tests/consumer/find_package" -B project -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$work/moved" \
  -DALL_HEADERS="$work/all_headers.cpp;$(find alone -name '*.cpp' -printf "$work/%p;")" -DCMAKE_CXX_FLAGS="-Wall -Wextra" >log ||
  { cat log; exit 1; }
cmake --build project >log || { cat log; exit 1; }
(cd project && ./consumer)

# What a user's compiler reads is ours or the system's: none of the libraries that only gradus's own build needs.
if (cd project && ninja -t deps) | grep -E 'eigen3|nlohmann|CLI/|stb/|catch2'; then
  echo "an installed header includes these"
  exit 1
fi
