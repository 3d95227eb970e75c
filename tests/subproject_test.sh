#!/usr/bin/env bash
# A project that holds gradus by add_subdirectory, built and run: it gets the library, neither tests nor programs nor what
# those need, and its own warnings stay warnings. BUILD_FOLDER is kept, so that only the first run compiles the library.
# usage: subproject_test.sh BUILD_FOLDER COMPILER
set -euo pipefail
build=$1 compiler=$2
source=$(cd "$(dirname "$0")/.." && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

without=()
for package in Catch2 CLI11 nlohmann_json Eigen3; do
  without+=("-DCMAKE_DISABLE_FIND_PACKAGE_$package=ON")
done
cmake --fresh -S "$source/tests/consumer/add_subdirectory" -B "$build" -G Ninja -DGRADUS="$source" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_CXX_FLAGS=-O0 -Wno-dev "${without[@]}" >"$log" 2>&1 || { cat "$log"; exit 1; }
cmake --build "$build" --parallel "$(nproc)" >"$log" 2>&1 || { cat "$log"; exit 1; }
if ninja -C "$build" -t targets all | grep -E 'unit_tests|quickstart|lecture20_|bench'; then
  echo "gradus brings these along"
  exit 1
fi
if ninja -C "$build" -t commands consumer | grep 'main.cpp' | grep -E -e '-Werror|-march|-Wall'; then
  echo "gradus's own flags reach the project's sources"
  exit 1
fi
(cd "$build" && ./consumer)
