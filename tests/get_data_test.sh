#!/usr/bin/env bash
# scripts/get-data, on small files of its own: from a directory and from a server on loopback (needs python3). What fails
# leaves nothing behind and loses nothing. The script that runs is a copy that expects the small files' SHA-256.
# usage: get_data_test.sh
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
server='' mounted=''
trap '[[ -z $server ]] || kill "$server"; [[ -z $mounted ]] || umount "$mounted"; rm -rf "$work"' EXIT
cd "$work"
unset GRADUS_DATA
failed=0
wrong() {
  echo "$*"
  sed 's/^/    /' output
  failed=1
}

# --- the small sets, and the script that expects them ---
noise() { awk -v seed="$1" -v n="$2" 'BEGIN { srand(seed); while (n-- > 0) printf "%c", 65 + int(rand() * 26) }'; }
mkdir -p scripts site/mnist site/plain site/other site/cifar site/bad cifar/cifar-10-batches-bin
seed=1
cp "$source/scripts/setup.sh" scripts
cp "$source/scripts/get-data" scripts
expect() { sed -i "s/\"$1 [0-9]* [0-9a-f]*\"/\"$1 $(wc -c <"$2") $(sha256sum <"$2" | cut -c -64)\"/" scripts/get-data; }
mnist=(train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte)
for name in "${mnist[@]}"; do
  noise $((seed++)) 40000 >"site/plain/$name"
  gzip -c "site/plain/$name" >"site/mnist/$name.gz"
  noise $((seed + 100)) 40000 | gzip >"site/other/$name.gz"
  echo "<html>moved</html>" >"site/bad/$name.gz"
  expect "$name" "site/plain/$name"
done
for name in data_batch_{1..5}.bin test_batch.bin; do
  noise $((seed++)) 40000 >"cifar/cifar-10-batches-bin/$name"
  expect "$name" "cifar/cifar-10-batches-bin/$name"
done
echo airplane >cifar/cifar-10-batches-bin/batches.meta.txt
archive=cifar-10-binary.tar.gz
tar -C cifar -czf "site/cifar/$archive" cifar-10-batches-bin
noise 99 40000 >"site/other/$archive"
sed -i -e "s/^cifar_hash=.*/cifar_hash=$(sha256sum <"site/cifar/$archive" | cut -c -64)/" -e 's/ megabytes=[0-9]*/ megabytes=0/' scripts/get-data
if [[ $(diff "$source/scripts/get-data" scripts/get-data | grep -c '^>') -ne 13 ]]; then
  echo "the copy of scripts/get-data was not adapted as planned"
  diff "$source/scripts/get-data" scripts/get-data || true
  exit 1
fi

# --- what is wanted of a run ---
get() { scripts/get-data "$@" >output 2>&1; }
said() { grep -qF -- "$1" output || wrong "'$1' is not in what it said:"; }
is_mnist() { diff -r "$1" site/plain >differences || wrong "$1 is not the small MNIST: $(cat differences)"; }
is_cifar() { diff -r "$1" cifar/cifar-10-batches-bin >differences || wrong "$1 is not the small CIFAR-10: $(cat differences)"; }

# fails SET FROM WORDS: the run fails with these words, leaves nothing behind, and loses nothing that was there.
fails() {
  rm -rf new old
  ! get --from "$2" --to new/data "$1" || wrong "$1 from $2 succeeded:"
  said "$3"
  [[ ! -e new ]] || wrong "$1 from $2 left something behind: $(find new)"
  mkdir -p old/mnist old/cifar-10-batches-bin
  echo mine | tee old/mnist/train-images-idx3-ubyte old/mnist/notes old/cifar-10-batches-bin/test_batch.bin >/dev/null
  cp -r old before
  ! get --from "$2" --to old "$1" || wrong "$1 from $2 succeeded:"
  diff -r old before >differences || wrong "$1 from $2 changed what was there: $(cat differences)"
  rm -rf before
}

# --- the command line ---
get --help || wrong "--help fails"
said "usage: scripts/get-data [OPTION...] mnist|cifar10"
misuse() {
  local status=0
  get "${@:2}" || status=$?
  [[ $status -eq 2 ]] || wrong "'${*:2}' ended with $status, expected 2"
  said "$1"
}
misuse "which data set: mnist or cifar10?"
misuse "unknown data set 'fashion'" fashion
misuse "'cifar10' is a second one" mnist cifar10
misuse "unknown option --quick" --quick mnist
misuse "--from needs a value" mnist --from

# --- from a directory ---
get --from site/mnist --to from_gz mnist || wrong "MNIST from a directory of .gz failed:"
is_mnist from_gz/mnist
[[ $(ls -A from_gz) == mnist ]] || wrong "more than mnist/ in $(ls -A from_gz)"
[[ $(stat -c %a from_gz/mnist) == $(stat -c %a site/plain) ]] || wrong "mnist/ has the permissions $(stat -c %a from_gz/mnist)"
get --from=site/plain/ --to=a/b/c mnist || wrong "MNIST from a directory of plain files failed:"
is_mnist a/b/c/mnist
get --from site/bad --to from_gz mnist || wrong "MNIST that is there already failed:"  # nothing is asked for
said "mnist is in from_gz/mnist already, and right."
(cd a && mkdir datasets && ../scripts/get-data --from ../site/cifar cifar10 >../output 2>&1) || wrong "CIFAR-10 from a directory failed:"
is_cifar a/datasets/cifar-10-batches-bin
get --from "site/cifar/$archive" --to a/b/c cifar10 || wrong "CIFAR-10 from its archive failed:"
is_cifar a/b/c/cifar-10-batches-bin
get --from site/cifar --to a/b/c cifar10 && said "already, and right"
GRADUS_DATA=/elsewhere get --from site/mnist --to hint mnist && said "Programs look in GRADUS_DATA, /elsewhere"

# What is there and wrong is replaced, the rest of the folder stays, and a link to a folder stays a link.
mkdir -p elsewhere/real to
echo old | tee elsewhere/real/train-images-idx3-ubyte elsewhere/real/notes >/dev/null
ln -s ../elsewhere/real to/mnist
ln elsewhere/real/train-images-idx3-ubyte old_file  # who reads the old file goes on reading it
get --from site/mnist --to to mnist || wrong "MNIST over an old one failed:"
[[ -L to/mnist && $(cat elsewhere/real/notes) == old ]] || wrong "the link or the notes are gone"
[[ $(cat old_file) == old ]] || wrong "the old file was not replaced but written to"
rm elsewhere/real/notes
is_mnist elsewhere/real

fails mnist nowhere "--from: there is no nowhere"
fails mnist site/cifar "there is no site/cifar/train-images-idx3-ubyte.gz"
fails mnist site/bad "could not be unpacked"
fails mnist site/other "It is not the right file: its SHA-256 is"
fails cifar10 site/mnist "there is no site/mnist/$archive"
fails cifar10 site/other "It is not the right file: its SHA-256 is"
for name in "${mnist[@]}"; do  # each file alone, cut: the others are right
  rm -rf site/cut_one && cp -r site/mnist site/cut_one
  head -c 10000 "site/mnist/$name.gz" >"site/cut_one/$name.gz"
  fails mnist site/cut_one "could not be unpacked"
done
mkdir site/cut_cifar && head -c 10000 "site/cifar/$archive" >"site/cut_cifar/$archive"
fails cifar10 site/cut_cifar "It is not the right file"
touch file
! get --from site/mnist --to file mnist || wrong "a file as data directory was taken"
said "file is not a directory"

# --- a full disk: no file may grow beyond 20 kB; and, where a file system can be mounted, a real one ---
(ulimit -f 20 && fails mnist site/plain "mnist was not fetched" && exit $failed) || failed=1
(ulimit -f 38 && fails mnist site/mnist "mnist was not fetched" && exit $failed) || failed=1
(ulimit -f 38 && fails cifar10 site/cifar "not fetched" && exit $failed) || failed=1
mkdir small
if mount -t tmpfs -o size=96k none small 2>/dev/null; then
  mounted=$work/small
  echo mine >small/mine
  for set in mnist:plain cifar10:cifar; do
    ! get --from "site/${set#*:}" --to small/data "${set%:*}" || wrong "$set fitted on a full disk"
    [[ $(ls -A small) == mine && $(cat small/mine) == mine ]] || wrong "$set left something on a full disk: $(find small)"
  done
  sed -i 's/ megabytes=0/ megabytes=70/' scripts/get-data
  ! get --from site/mnist --to small/data mnist || wrong "a disk without room was taken"
  said "MB, and mnist needs 70 on its way"
  sed -i 's/ megabytes=70/ megabytes=0/' scripts/get-data
else
  echo "Skipped: a real full disk, as nothing can be mounted here."
fi

# --- from a server ---
if ! command -v python3 >/dev/null; then
  echo "Skipped: downloads, as there is no python3 to serve them."
  exit $failed
fi
python3 "$source/tests/get_data_server.py" site >port &
server=$!
for ((i = 0; i < 200; i++)); do
  [[ ! -s port ]] || break
  sleep 0.05
done
url=http://127.0.0.1:$(cat port)

# tools PROGRAM...: a folder with what the script needs, and these.
tools() {
  rm -rf tools && mkdir tools
  local name
  for name in bash cp chmod cut df dirname gzip head mkdir mktemp mv rm rmdir sed sha256sum tail tar "$@"; do
    ln -s "$(command -v "$name")" tools
  done
}
downloads() {
  get --from "$url/mnist" --to served mnist || wrong "MNIST from a server failed:"
  is_mnist served/mnist
  get --from "$url/cifar/" --to served cifar10 || wrong "CIFAR-10 from a server failed:"
  is_cifar served/cifar-10-batches-bin
  rm -rf served
  fails mnist "$url/nowhere" "That did not arrive whole."
  fails mnist "$url/cut/mnist" "That did not arrive whole."
  fails mnist "$url/bad" "could not be unpacked"
  fails mnist "$url/other" "It is not the right file"
  fails cifar10 "$url/cut/cifar" "That did not arrive whole."
  fails cifar10 "$url/cut/cifar/$archive" "That did not arrive whole."
  fails cifar10 "http://127.0.0.1:9/" "cifar10 was not fetched"
}
for tool in curl wget; do
  if command -v "$tool" >/dev/null; then
    tools "$tool"
    get() { PATH=$work/tools scripts/get-data "$@" >output 2>&1; }
    downloads
  else
    echo "Skipped: downloads with $tool, which is not here."
  fi
done
tools
! get --from "$url/mnist" --to served mnist || wrong "it downloaded without curl and wget"
said "Missing here, by their names in Debian: curl ca-certificates."
get() { scripts/get-data "$@" >output 2>&1; }

# Mirrors in turn: nobody there, half a file, another file, and the right one, which then serves the other files as well.
mirrors=(http://127.0.0.1:9 "$url/cut/mnist" "$url/other" "$url/mnist")
awk -v mirrors="${mirrors[*]}" '/^mnist_mirrors=\(/ { print $0 mirrors ")"; skip = 1 } !skip { print } /^\)/ { skip = 0 }' \
  scripts/get-data >scripts/with-mirrors
chmod +x scripts/with-mirrors
scripts/with-mirrors --to mirrored mnist >output 2>&1 || wrong "MNIST from mirrors in turn failed:"
is_mnist mirrored/mnist
[[ $(grep -c '^Fetching' output) -eq 7 ]] || wrong "expected 4 tries for the first file and 3 more:"

# Interrupted: at once, and nothing is left, no process either.
for signal in TERM HUP; do
  scripts/get-data --from "$url/slow/mnist" --to "$work/interrupted" mnist >output 2>&1 &
  script=$!
  for ((i = 0; i < 200; i++)); do
    [[ ! -s $(echo interrupted/.get-data.*/train-images-idx3-ubyte.gz) ]] || break
    sleep 0.05
  done
  [[ -d interrupted ]] || wrong "the download that should be interrupted did not begin:"
  kill -s "$signal" "$script"
  status=0
  wait "$script" || status=$?
  [[ $status -eq $((128 + $(kill -l "$signal"))) ]] || wrong "after SIG$signal it ended with $status"
  [[ ! -e interrupted ]] || wrong "interrupted, it left something behind: $(find interrupted)"
  ! grep -qsF "$work/interrupted" /proc/[0-9]*/cmdline || wrong "interrupted, it left its download running"
done
exit $failed
