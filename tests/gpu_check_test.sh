#!/usr/bin/env bash
# scripts/gpu-check says of each part what came out: passed only where everything ran and was right. With programs and
# tools that pretend.
set -euo pipefail
cd "$(dirname "$0")/.."
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
mkdir -p "$home"/{bin,sanitizer,built/tests,built/examples,built/bench,tests}
cp -r scripts "$home/"
touch "$home"/tests/cuda_{one,two,device}_test.cpp
for tool in bash env cat sed grep mkdir mktemp rm chmod dirname basename nproc date tail tee; do
  ln -s "$(command -v $tool)" "$home/bin/$tool"
done
real_timeout=$(command -v timeout)

pretend() { printf '#!/usr/bin/env bash\n%s\n' "$2" >"$1" && chmod +x "$1"; }
pretend "$home/bin/timeout" "[[ \$* != *slow* && ! ( \$* == *_two_* && -n \${SLOW-} ) ]] || exit 124; exec $real_timeout \"\$@\""
pretend "$home/bin/nvidia-smi" 'echo "Pretended GPU 9000, 580.1, 1 MiB"'
pretend "$home/bin/c++" 'cat >/dev/null'
pretend "$home/bin/ninja" 'exit 0'
pretend "$home/bin/cmake" 'echo "cmake $*"'
pretend "$home/built/tests/unit_tests" '
echo "examples in $GRADUS_EXAMPLES"
if [[ -n ${NO_GPU-} ]]; then echo "skipped: needs a GPU, but none is there"; exit 77; fi
if [[ $* == *"${WRONG:-nothing}"* ]]; then echo "assertions: 2 | 1 passed | 1 failed"; exit 1; fi
echo "All tests passed (3 assertions in 1 test case)"'
program='
[[ $* != --version ]] || { echo "gradus 9.9 (pretended)"; exit 0; }
echo "$0 $*"
[[ -z ${NO_LIBRARY-} || $0 != *bench_lectures ]] || echo "On cuda:0, matrix products: own kernels (no libcublasLt.so.13); convolutions: cuDNN 9"
while [[ $# -gt 0 && $1 != --out ]]; do shift; done
[[ -n ${NO_RESULTS-} || $# -eq 0 ]] || { mkdir -p "$2"; echo "{\"accuracy\": 12.5}" >"$2/results.json"; }'
pretend "$home/built/examples/lecture20_denoising_autoencoder" "$program"
pretend "$home/built/bench/bench_lectures" "$program"
pretend "$home/built/bench/bench_ops" "$program"
# What compute-sanitizer prints, and its exit code, by SANITIZER.
pretend "$home/sanitizer/compute-sanitizer" '
tool=$2
while [[ $1 == --* ]]; do shift 2; done
echo "========= COMPUTE-SANITIZER"
case ${SANITIZER-}$tool in
  refusing*) echo "========= Error: Device not supported"; echo "assertions: 1 | 1 failed"; echo "========= ERROR SUMMARY: 0 errors"; exit 1 ;;
  silent*) echo "========= ERROR SUMMARY: 0 errors"; exit 0 ;;
  cut*) "$@"; exit 0 ;;
  crashing*) echo "========= Internal Sanitizer Error"; exit 1 ;;
  findingmemcheck) "$@"; echo "========= ERROR SUMMARY: 2 errors"; exit 99 ;;
  findingracecheck) "$@"; echo "========= RACECHECK SUMMARY: 1 hazard displayed (0 errors, 1 warning)"; exit 0 ;;
  *racecheck) "$@"; code=$?; echo "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)"; exit $code ;;
  *) "$@"; code=$?; echo "========= ERROR SUMMARY: 0 errors"; exit $code ;;
esac'

# check [VARIABLE=VALUE...] -- ARGUMENT...: its output and exit code
check() {
  local settings=()
  while [[ $1 != -- ]]; do settings+=("$1"); shift; done
  output=$(cd "$home" && env -i PATH="$home/sanitizer:$home/bin" CUDA_HOME=/nowhere "${settings[@]}" scripts/gpu-check "${@:2}" 2>&1 && echo "exit 0" || echo "exit $?")
}
without_sanitizer() { check PATH="$home/bin" "$@"; }
expect() {
  for text in "$@"; do
    [[ $output == *"$text"* ]] || { printf 'expected "%s" in:\n%s\n' "$text" "$output"; exit 1; }
  done
}
never() {
  for text in "$@"; do
    [[ $output != *"$text"* ]] || { printf 'unexpected "%s" in:\n%s\n' "$text" "$output"; exit 1; }
  done
}
in_file() { grep -q -e "$2" "$home/out/gpu-check/$1" || { echo "expected '$2' in $1:"; cat "$home/out/gpu-check/$1"; exit 1; }; }

check -- --build built
expect "tests: passed" "training: passed" "lectures: passed" "memcheck: passed" "racecheck: passed" "initcheck: passed" "speed: passed" "exit 0"
in_file tests.txt "gradus 9.9 (pretended), 2"
in_file tests.txt "Pretended GPU 9000"
in_file training.txt "^-- training:cuda_device passed"
! grep -q cuda_device "$home/out/gpu-check/tests.txt" || { echo "tests ran the long trainings"; exit 1; }
in_file tests.txt "^-- tests:cuda_two passed"
in_file tests.txt "^examples in $home/built/examples"
in_file lectures.txt '"accuracy": 12.5'
in_file lectures.txt "lecture20_denoising_autoencoder --device cuda --out"
in_file memcheck.txt "GRADUS_LIBRARIES=own .*tool memcheck .*cuda_one_test"
! grep -q cuda_device "$home/out/gpu-check/memcheck.txt" || { echo "memcheck ran the long trainings"; exit 1; }
in_file speed.txt "bench_ops --device cuda"
in_file speed.txt "bench_lectures --device cuda$"
in_file speed.txt "bench_lectures --device cuda --plain"
in_file speed.txt "GRADUS_FUSE=0 .*bench_lectures --device cuda"
in_file speed.txt "bench_ops --device cuda --megabytes 1024"
in_file speed.txt "bench_lectures --device cuda --precision tf32"
in_file speed.txt "GRADUS_LIBRARIES=own .*bench_lectures --device cuda"
[[ $(wc -l <"$home/out/gpu-check/summary.txt") == 7 ]] || { echo "summary.txt has not seven lines"; exit 1; }

check -- --build built --out elsewhere initcheck:cuda_two
expect "initcheck:cuda_two: passed" "exit 0"
never "tests: "
[[ -f $home/elsewhere/initcheck-cuda_two.txt ]] || { echo "there is no elsewhere/initcheck-cuda_two.txt"; exit 1; }

without_sanitizer -- --build built memcheck tests
expect "memcheck: unavailable (" "there is no compute-sanitizer" "tests: passed" "exit 3"
for how in refusing silent crashing cut; do
  check SANITIZER=$how -- --build built memcheck racecheck initcheck
  expect "memcheck: unavailable (" "racecheck: unavailable (" "initcheck: unavailable (" "exit 3"
  never passed
done
check SANITIZER=refusing -- --build built memcheck
expect "Device not supported"
check SANITIZER=finding -- --build built memcheck racecheck initcheck
expect "memcheck: failed (cuda_one failed: ========= ERROR SUMMARY: 2 errors" "racecheck: failed (" "1 hazard displayed" "initcheck: passed" "exit 1"

check WRONG=cuda_two -- --build built tests memcheck
expect "tests: failed (cuda_two failed: exit code 1)" "memcheck: failed (cuda_two failed: " "exit 1"
check SLOW=1 -- --build built tests memcheck
expect "tests: unfinished (cuda_two unfinished: the part's 8 minutes were over" "memcheck: unfinished (cuda_two" "exit 1"
check NO_RESULTS=1 -- --build built lectures
expect "lectures: failed (lecture20_denoising_autoencoder failed" "exit 1"
check NO_LIBRARY=1 -- --build built speed:plain
expect "speed:plain: unavailable (bench_lectures_plain unavailable: a library was not found, so it timed our own kernels (no libcublasLt.so.13))" "exit 3"
rm "$home"/built/bench/*
check -- --build built speed
expect "speed: unavailable (there is none of its programs in built)" "exit 3"

check NO_GPU=1 -- --build built
expect "scripts/gpu-check: needs a GPU, but none is there" "exit 1"
check -- --build nowhere
expect "there is no program nowhere/tests/unit_tests" "exit 1"
touch "$home/file"
check -- --build built --out file/below
expect "scripts/gpu-check: --out: file/below is no folder that can be written" "exit 1"
check -- tests
expect "there is no nvcc to build with; --build DIR takes what was built elsewhere" "exit 1"
pretend "$home/bin/nvcc" 'exit 0'
check -- tests
expect "cmake --preset cuda -B $home/build/gpu-check -DGRADUS_NATIVE=OFF" "cmake --build $home/build/gpu-check" "exit 1"
check -- --help
expect "usage: scripts/gpu-check" "Exit code: 0" "exit 0"
for wrong in everything --fast "--minutes 0" "--build" "tests --minutes x"; do
  check -- $wrong
  expect "see scripts/gpu-check --help" "exit 2"
done
echo "scripts/gpu-check says what came out"
