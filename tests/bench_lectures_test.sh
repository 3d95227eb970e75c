#!/usr/bin/env bash
# bench_lectures prints `PHASE SECONDS`, one line a phase, as bench/peers/compare.py reads it, and refuses what it does
# not know. One step of each phase: this times nothing.
# usage: bench_lectures_test.sh PROGRAM
set -euo pipefail
program=$1
fail() { echo "$1"; exit 1; }

output=$("$program" --repeat 1)
phases=$(cut -d ' ' -f 1 <<<"$output")
for phase in lecture20.autoencoder lecture20.classifier lecture32.autoencoder lecture32.classifier \
  lecture54.adversarial lecture55.adversarial lecture55.classifier; do
  grep -qx "$phase" <<<"$phases" || fail "there is no line for $phase in: $output"
done
while read -r line; do
  [[ $line =~ ^[a-z0-9]+\.[a-z]+\ [0-9]+\.[0-9]{6}$ ]] || fail "not 'PHASE SECONDS': $line"
  [[ $line != *" 0.000000" ]] || fail "no time: $line"
done <<<"$output"

one=$("$program" --device cpu --threads 2 --only lecture20.classifier --repeat 1)
[[ $(wc -l <<<"$one") == 1 && $one == "lecture20.classifier "* ]] || fail "--only printed: $one"

plain=$("$program" --plain --only lecture55.classifier --repeat 1)
[[ $(wc -l <<<"$plain") == 1 && $plain == "lecture55.classifier "* ]] || fail "--plain printed: $plain"

[[ $("$program" --version) == "gradus "* ]] || fail "--version printed: $("$program" --version)"

expect_error() {  # MESSAGE ARGUMENTS...
  local message=$1 said
  shift
  said=$("$program" "$@" 2>&1) && fail "$* was accepted"
  [[ $said == *"$message"* ]] || fail "$* said: $said"
}
expect_error "no phase has 'lecture99' in its name; there are lecture20.autoencoder, " --only lecture99
expect_error "--repeat" --repeat 0
expect_error "--threads" --threads -1
expect_error "device" --device tpu
expect_error "--precision: float16 not in {float32,tf32}" --precision float16
