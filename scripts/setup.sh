# What the scripts share: installing what gradus is built with, finding a GPU, and building. They source this file.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What has to be there, each with Debian's package for it: commands, and headers that the compiler finds (one of a list).
commands=(c++:g++ cmake:cmake ninja:ninja-build)
headers=(eigen3/Eigen/Core:libeigen3-dev zlib.h:zlib1g-dev CLI/CLI.hpp:libcli11-dev nlohmann/json.hpp:nlohmann-json3-dev
  stb/stb_image_write.h:libstb-dev catch2/catch_all.hpp,catch2/catch.hpp:catch2)

# finds HEADER[,HEADER...]
finds() {
  printf '#if __has_include(<%s>)\n#else\n#error missing\n#endif\n' "${1//,/>) || __has_include(<}" | c++ -E -x c++ - &>/dev/null
}

# Prints the packages that are missing, one a line.
missing_packages() {
  local pair
  for pair in "${commands[@]}"; do
    command -v "${pair%%:*}" >/dev/null || echo "${pair#*:}"
  done
  for pair in "${headers[@]}"; do
    finds "${pair%%:*}" || echo "${pair#*:}"
  done
}

# Installs what is missing by apt-get, and asks no network where nothing is. Where it cannot, it says what is missing.
install_missing() {
  local missing sudo=()
  mapfile -t missing < <(missing_packages)
  [[ ${#missing[@]} -gt 0 ]] || return 0
  [[ $EUID -eq 0 ]] || sudo=(sudo)
  if ! command -v apt-get >/dev/null || { [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; }; then
    echo "Missing here, by their names in Debian: ${missing[*]}. Install them, then run this again." >&2
    exit 1
  fi
  echo "Installing ${missing[*]}"
  "${sudo[@]}" apt-get -qq update
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get -qq install --yes --no-install-recommends "${missing[@]}" >/dev/null
}

# CUDA, with nvcc and cuBLAS, is NVIDIA's own (cuda-toolkit of its repository for Debian), and so is cuDNN (cudnn9-cuda-13):
# nothing here installs them, and nothing needs cuDNN; CMake says whether it found it.

# Looks for nvcc and for a GPU that answers. `nvcc` becomes its path, or empty; `gpu` the GPU's name, or empty, and then
# `no_gpu` says why. Like CUDA's own programs it heeds CUDACXX, CUDA_HOME and CUDA_VISIBLE_DEVICES.
find_gpu() {
  nvcc=${CUDACXX:-$(command -v nvcc || echo "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc")} gpu='' no_gpu=''
  command -v "$nvcc" >/dev/null || nvcc=''
  if [[ -z $nvcc ]]; then
    no_gpu="no nvcc"
  elif [[ -n ${CUDA_VISIBLE_DEVICES+set} && ! $CUDA_VISIBLE_DEVICES =~ ^[^-] ]]; then
    no_gpu="CUDA_VISIBLE_DEVICES hides the GPUs"
  else
    gpu=$(timeout 60 nvidia-smi ${CUDA_VISIBLE_DEVICES:+"--id=$CUDA_VISIBLE_DEVICES"} --query-gpu=name --format=csv,noheader 2>/dev/null) || gpu=''
    gpu=${gpu%%$'\n'*}
    [[ -n $gpu ]] || no_gpu="no GPU answers"
  fi
  [[ -z $nvcc ]] || export CUDACXX=$nvcc
}

# build PRESET [TARGET]: configures it and builds it with all cores; what is up to date is left alone.
build() (
  cd "$root"
  cmake --preset "$1"
  cmake --build --preset "$1" --parallel "$(nproc)" ${2:+--target "${@:2}"}
)
