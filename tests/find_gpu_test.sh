#!/usr/bin/env bash
# scripts/demo and scripts/test take the GPU where there are nvcc and a GPU that answers, the CPU elsewhere, and say
# which. Run in a copy of scripts/, with commands that pretend.
set -euo pipefail
cd "$(dirname "$0")/.."
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
mkdir "$home/bin" "$home/with_nvcc" "$home/with_gpu"
cp -r scripts "$home/"
for tool in bash env cat sed grep mkdir chmod dirname basename timeout nproc ls sort; do
  ln -s "$(command -v $tool)" "$home/bin/$tool"
done

pretend() { printf '#!/usr/bin/env bash\n%s\n' "$2" >"$1" && chmod +x "$1"; }
pretend "$home/bin/c++" 'cat >/dev/null'
pretend "$home/bin/ninja" 'exit 0'
pretend "$home/bin/ctest" 'echo "ctest $*"'
pretend "$home/bin/cmake" '
echo "cmake $* archs=${CUDAARCHS-} nvcc=${CUDACXX-}"
[[ $1 == --build ]] || exit 0
program=build/$3/examples/lecture20_denoising_autoencoder
mkdir -p "${program%/*}" out/lecture20
printf "#!/usr/bin/env bash\necho \"program of $3: \$*\"\n" >"$program"
chmod +x "$program"
: >out/lecture20/a.png >out/lecture20/a.svg'
pretend "$home/with_nvcc/nvcc" 'exit 0'
pretend "$home/with_gpu/nvidia-smi" '
[[ $* == *--query-gpu=name* ]] || exit 1
[[ $* != *--id=7* ]] || { echo "No devices were found"; exit 6; }
echo "Pretended GPU 9000"; echo "Another GPU"'

# runs FOLDER_OF_COMMANDS... -- [VARIABLE=VALUE...] COMMAND ARGUMENT...: its output and exit code, in a copy of scripts/
runs() {
  local path=$home/bin
  while [[ $1 != -- ]]; do path=$home/$1:$path; shift; done
  output=$(cd "$home" && env -i PATH="$path" CUDA_HOME=/nowhere "${@:2}" 2>&1 && echo "exit 0" || echo "exit $?")
}
expect() {
  local text
  for text in "$@"; do
    if [[ $text == -* ]]; then
      [[ $output != *"${text#-}"* ]] || { printf 'unexpected "%s" in:\n%s\n' "${text#-}" "$output"; exit 1; }
    else
      [[ $output == *"$text"* ]] || { printf 'expected "%s" in:\n%s\n' "$text" "$output"; exit 1; }
    fi
  done
}

on_gpu="Training lecture 20 on the GPU (Pretended GPU 9000)"
runs with_nvcc with_gpu -- scripts/demo --epochs 1
expect "$on_gpu" "cmake --preset cuda archs=native nvcc=$home/with_nvcc/nvcc" "exit 0" "program of cuda: --device cuda --out out/lecture20 --epochs 1"
runs with_nvcc with_gpu -- CUDAARCHS=80-real scripts/demo --device=cuda:1
expect "$on_gpu" "archs=80-real" "program of cuda: --out out/lecture20 --device=cuda:1"
runs with_nvcc with_gpu -- scripts/demo --device cpu
expect "Training lecture 20 on the CPU"$'\n' "cmake --preset cpu" "program of cpu: --out out/lecture20 --device cpu" "-cuda"
runs with_gpu -- scripts/demo
expect "Training lecture 20 on the CPU: no nvcc" "program of cpu: --out out/lecture20"$'\n' "-preset cuda"
runs with_nvcc -- scripts/demo
expect "Training lecture 20 on the CPU: no GPU answers" "program of cpu: --out out/lecture20"$'\n' "-preset cuda"
runs with_nvcc with_gpu -- CUDA_VISIBLE_DEVICES= scripts/demo
expect "Training lecture 20 on the CPU: CUDA_VISIBLE_DEVICES hides the GPUs" "program of cpu"
runs with_nvcc with_gpu -- CUDA_VISIBLE_DEVICES=-1 scripts/demo
expect "CUDA_VISIBLE_DEVICES hides the GPUs" "program of cpu"
runs with_nvcc with_gpu -- CUDA_VISIBLE_DEVICES=7 scripts/demo
expect "Training lecture 20 on the CPU: no GPU answers" "program of cpu"
runs with_nvcc with_gpu -- CUDA_VISIBLE_DEVICES=1 scripts/demo
expect "$on_gpu" "program of cuda"
runs with_nvcc -- scripts/demo --device cuda
expect "scripts/demo: --device cuda: no GPU answers" "exit 1" "-cmake" "-program of"
runs -- CUDACXX="$home/with_nvcc/nvcc" PATH="$home/with_gpu:$home/bin" scripts/demo
expect "$on_gpu" "nvcc=$home/with_nvcc/nvcc"
# A saved network's test leaves the training's files alone; it draws no pictures.
runs -- scripts/demo --evaluate net.safetensors
expect "program of cpu: --evaluate net.safetensors"$'\n' "out/lecture20/evaluate/report.html" "exit 0" "-a.png"

runs with_nvcc with_gpu -- scripts/test
expect "Testing on the CPU and on the GPU (Pretended GPU 9000)" "ctest --preset cpu" "ctest --preset emulated " "ctest --preset cuda" "-asan" "-tsan" "exit 0"
runs with_nvcc -- scripts/test
expect "Testing on the CPU, the GPU's half on its emulator: no GPU answers" "ctest --preset cpu" "ctest --preset emulated " "-preset cuda"
runs with_nvcc -- scripts/test --all
expect "no GPU answers" "ctest --preset cpu" "ctest --preset emulated " "ctest --preset emulated-asan" "ctest --preset emulated-tsan" "ctest --preset cuda"
runs -- scripts/test --all shape
expect "on its emulator: no nvcc" "ctest --preset emulated-tsan --parallel" "no-tests=ignore --tests-regex shape" "-preset cuda"
runs with_nvcc -- GRADUS_REQUIRE_CUDA=1 scripts/test
expect "scripts/test: GRADUS_REQUIRE_CUDA=1, but no GPU answers" "exit 1" "-cmake"
echo "the scripts choose as they should"
