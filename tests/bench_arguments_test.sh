#!/usr/bin/env bash
# The programs of bench/ refuse what they do not know in a sentence, with exit code 2, and say what went wrong with 1.
# usage: bench_arguments_test.sh FOLDER_OF_PROGRAMS
set -euo pipefail
fail() { echo "$*"; exit 1; }

# says CODE TEXT PROGRAM ARGUMENT...: it ends with CODE, and stderr begins with its name and has TEXT.
says() {
  local code=0 said
  said=$("$folder/$3" "${@:4}" 2>&1 >/dev/null) || code=$?
  [[ $code == "$1" ]] || fail "${*:3}: exit code $code, expected $1: $said"
  [[ $said == "$3: "*"$2"* ]] || fail "${*:3}: expected '$2', it said: $said"
}

folder=$1 programs=("$1"/bench_*)
[[ ${#programs[@]} -ge 3 ]] || fail "there are no programs in $folder"
for program in "${programs[@]}"; do
  program=${program##*/}
  [[ $("$folder/$program" --version) == "gradus "* ]] || fail "$program --version: $("$folder/$program" --version)"
  [[ $("$folder/$program" --help) == *"--version"* ]] || fail "$program --help: $("$folder/$program" --help)"
  says 2 "--nonsense" $program --nonsense
  GRADUS_THREADS=many says 1 "GRADUS_THREADS: expected a number of threads" $program
done
for program in bench_matmul bench_conv2d; do
  for seconds in fast 0 nan; do
    says 2 "seconds: expected a number of at least 0.001, got '$seconds'" $program $seconds
  done
done
says 2 "stray" bench_matmul 1 stray
says 1 "none has 'no such layer' in its name" bench_conv2d 0.1 "no such layer"
says 2 "--threads: expected a whole number of at least 0, got '-1'" bench_lectures --threads -1
says 2 "--repeat: expected a whole number of at least 1, got '0'" bench_lectures --repeat 0
says 2 "--megabytes: expected a whole number of at least 1, got '0'" bench_ops --megabytes 0
says 2 "--megabytes: expected INT after it, and no more" bench_ops --megabytes
says 1 "device" bench_ops --device cuda:99

# Every op has a rate, and the copy is what the others are compared with.
rates=$("$folder/bench_ops" --megabytes 1 --repeat 1)
[[ $(grep -c ' [0-9.]* GB/s *[0-9]*%$' <<<"$rates") -eq 9 && $rates == "copy_ "*" 100%"* ]] || fail "bench_ops said: $rates"
product=$("$folder/bench_ops" --megabytes 1 --repeat 1 --product 64 | tail -1)
[[ $product =~ ^"product, own kernels"\ +[0-9.]+" GFLOP/s  100%"$ ]] || fail "bench_ops --product 64 said: $product"
