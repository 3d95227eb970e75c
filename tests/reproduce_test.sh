#!/usr/bin/env bash
# scripts/reproduce with --quick, on a few made-up images: it runs every row of its table, writes the page from the runs' own
# files, and repeats nothing that is complete.
# usage: reproduce_test.sh FOLDER_OF_PROGRAMS
set -euo pipefail
built=$1
reproduce=$(cd "$(dirname "$0")/.." && pwd)/scripts/reproduce
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset GRADUS_DATA
cd "$folder"

fail() { echo "$*"; exit 1; }
# says STATUS TEXT ARGUMENT...: reproduce ends with STATUS and says TEXT.
says() {
  local status=0 said
  said=$("$reproduce" "${@:3}" 2>&1) || status=$?
  [[ $status -eq $1 ]] || fail "reproduce ${*:3}: exit status $status, expected $1: $said"
  [[ $said == *"$2"* ]] || fail "reproduce ${*:3}: expected '$2', it says: $said"
}

says 0 "usage: scripts/reproduce" --help
says 2 "unknown option --nonsense" --nonsense
says 2 "there is no lecture '99'" 99
says 2 "--data needs a value" --data
says 1 "there is no mnist/ in datasets: fetch it by scripts/get-data mnist" --built "$built" --out out --page page.md
says 1 "there is no cifar-10-batches-bin/ in datasets: fetch it by scripts/get-data cifar10" lecture32 --built "$built" \
  --out out --page page.md
says 1 "there is no program lecture20_denoising_autoencoder in nowhere" --built nowhere --out out --page page.md
[[ ! -e page.md ]] || fail "a page was written without data"
touch file
mkdir folder
for out in file file/below; do
  says 1 "--out: $out is no folder that can be written" --quick --built "$built" --out $out --page page.md
done
for page in folder file/below; do
  says 1 "--page: $page is no file that can be written" --quick --built "$built" --out out --page $page
done
[[ -z $(find out folder -mindepth 1) && ! -s file ]] || fail "a run began, or left something behind"

# MNIST's files, with 100 images each.
mkdir -p data/mnist
for part in train t10k; do
  { printf '\0\0\10\3\0\0\0\144\0\0\0\34\0\0\0\34'; printf '%078400d' 0; } >data/mnist/$part-images-idx3-ubyte
  { printf '\0\0\10\1\0\0\0\144'; for _ in {1..10}; do printf '\0\1\2\3\4\5\6\7\10\11'; done; } >data/mnist/$part-labels-idx1-ubyte
done

# A program that fails leaves the page as it was.
mkdir failing
printf '#!/bin/sh\necho "it cannot" >&2\nexit 1\n' >failing/lecture20_denoising_autoencoder
chmod +x failing/*
printf '# Results\n\n## Lecture 54: another\n\nkept\n\n## Lecture 20: a denoising sparse autoencoder, and a classifier from it\n\nold\n' >page.md
cp page.md before.md
says 1 "it cannot" lecture20 --quick --built failing --out "an out" --page page.md
cmp page.md before.md
if grep -q -- --data "an out"/*/*/command.txt; then fail "--quick without --data takes data"; fi
rm -r "an out"

# All the runs, and a page with their figures.
quick=(--quick --built "$built" --data data --out "an out" --page page.md)
says 0 "The figures are in page.md" lecture20 "${quick[@]}"
runs=("an out"/lecture20/*/)
[[ ${#runs[@]} -eq 6 ]] || fail "expected 6 runs: ${runs[*]}"
[[ $(grep -c "seed 0 |" page.md) -eq 12 ]] || fail "expected a row for each run in both tables: $(<page.md)"
grep -q '^| the slide | 0.073981 | 0.006731 | 1.114769 | 0.288152 | 87.14 | 92.07 |' page.md || fail "$(<page.md)"
version=$("$built/lecture20_denoising_autoencoder" --version)
grep -qxF "Run by $version; data: MNIST." page.md || fail "the page does not name version and data: $(<page.md)"
grep -qF '`build/cpu/examples/lecture20_denoising_autoencoder --data DIR --epochs 1 --classifier-epochs 1`' page.md || fail "no command: $(<page.md)"
if grep -qF "$folder" page.md; then fail "the page names a folder of this machine: $(<page.md)"; fi
if grep -q '^old' page.md; then fail "the old section is still there"; fi
[[ $(grep '^## \|^kept' page.md | cut -c1-13 | paste -sd,) == "## Lecture 20,## Lecture 54,kept" ]] || fail "$(<page.md)"
without=$(grep -m1 -- '--epochs 0 --seed 0 |' page.md)
[[ $without == *"| - | - |"* ]] || fail "a phase that was not run has figures: $without"
run="an out/lecture20/seed-0"
first=$(sed -n 's/^autoencoder,1,\([^,]*\),.*/\1/p' "$run/metrics.csv")
accuracy=$(sed -n 's/^ *"accuracy": \([^,]*\),*/\1/p' "$run/results.json")
row=$(grep -m1 -- '^| --seed 0 |' page.md)
[[ $row == *"| $(printf %.6f "$first") |"*"| $(printf %.2f "$accuracy") |"* ]] || fail "$row: $first and $accuracy expected"

# Again: nothing is run. Without one of the results, or with a run of other settings: that one.
done_before() { grep -c '^done before' said; }
cp page.md before.md
"$reproduce" lecture20 "${quick[@]}" >said
[[ $(done_before) -eq 6 ]] || fail "$(<said)"
cmp page.md before.md
rm "$run/results.json"
echo "other settings" >"${runs[0]}/command.txt"
"$reproduce" lecture20 "${quick[@]}" >said
[[ $(done_before) -eq 4 && -f $run/results.json ]] || fail "$(<said)"
cmp page.md before.md

# Lecture 32, on 20 grey pictures in each of CIFAR-10's files: every row, and the slide's.
mkdir data/cifar-10-batches-bin
for part in data_batch_{1..5} test_batch; do
  for label in {0..9} {0..9}; do printf "\\x0$label"; printf '%03072d' 0; done >data/cifar-10-batches-bin/$part.bin
done
says 0 "The figures are in page.md" lecture32 "${quick[@]}"
[[ $(sed -n '/^## Lecture 32/,/^## Lecture 54/p' page.md | grep -c -- "--seed 0 |") -eq 6 ]] || fail "expected three runs in both tables: $(<page.md)"
grep -q '^| the slide | 0.177690 | 0.0288 | 1.998626 | 1.251163 | 38.23 | 55.72 |' page.md || fail "$(<page.md)"
# Not through a pipe, whose reader may have ended before sed writes.
section=$(sed -n '/^## Lecture 32/,$p' page.md)
grep -q '^| --epochs 0 --seed 0 | - | - | [0-9.]* | [0-9.]* | [0-9.]* | [0-9.]* |' <<<"$section" ||
  fail "the run without an autoencoder has no classifier's figures: $(<page.md)"
grep -q "^The slide's losses are 1.2 times" page.md || fail "the page does not say how the slide's losses were converted"

# Lectures 54 and 55: a run whose options name another run's file has that one run first, once.
rm -r data/cifar-10-batches-bin
says 0 "running: lecture 54 --z 100 --seed 0" lecture55 "${quick[@]}"
for run in seed-0 from-lecture54-z-100-seed-0-adversarial-safetensors-seed-0 freeze-encoder-seed-0 steps-0-seed-0; do
  [[ -f "an out/lecture55/$run/classifier.safetensors" ]] || fail "no run $run in: $(ls "an out/lecture55")"
done
says 0 "done before: lecture 54 --z 100 --seed 0" lecture54 "${quick[@]}"
[[ $(sed -n '/^## Lecture 54: an adv/,/^## Lecture 55/p' page.md | grep -c -- "--seed 0 |") -eq 5 ]] || fail "$(<page.md)"
