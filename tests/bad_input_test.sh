#!/usr/bin/env bash
# The lectures' programs with input that is wrong: each ends with exit code 1 or 2 and one sentence that names it, and what
# an earlier run left stays as it was.
# usage: bad_input_test.sh FOLDER_OF_PROGRAMS
set -euo pipefail
built=$(cd "$1" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset GRADUS_DATA
cd "$folder"
failed=0

# says CODE TEXT ARGUMENT...: the program ends with CODE and says TEXT in a line that begins with its name; the second line
# of a refused command line names --help.
says() {
  local code=0
  timeout 60 "$built/$program" "${@:3}" >stdout 2>stderr || code=$?
  if [[ $code != "$1" || $(head -n 1 stderr) != "$program: "*"$2"* || $(wc -l <stderr) -gt $code ]]; then
    echo "$program ${*:3}: exit code $code, expected $1 and '$2', it said: $(<stderr)"
    failed=1
  fi
}

# A few images: MNIST's files, all of one kind, and CIFAR-10's.
idx_images() { printf '\0\0\10\3\0\0\0\024\0\0\0\34\0\0\0%b' "\\0$1"; printf '%0*d' $((20 * 28 * $2)) 0; }
idx_labels() { printf '\0\0\10\1\0\0\0%b' "\\0$1"; for _ in $(seq $2); do printf '\0'; done; }
mkdir -p good/mnist good/cifar-10-batches-bin
for part in train t10k; do
  idx_images 34 28 >good/mnist/$part-images-idx3-ubyte
  idx_labels 24 20 >good/mnist/$part-labels-idx1-ubyte
done
for part in data_batch_{1..5} test_batch; do printf '%030730d' 0 | tr 0 '\0' >good/cifar-10-batches-bin/$part.bin; done
# spoilt NAME FILE: a copy of good as NAME; what is read becomes FILE in it.
spoilt() { cp -r good "$1" && cat >"$1/$2"; }
mkdir nothing
head -c 9000 good/mnist/train-images-idx3-ubyte | spoilt cut mnist/train-images-idx3-ubyte
gzip -c good/mnist/train-images-idx3-ubyte | head -c 30 | spoilt cut_gz mnist/train-images-idx3-ubyte.gz
rm cut_gz/mnist/train-images-idx3-ubyte
idx_images 33 27 | spoilt shape mnist/train-images-idx3-ubyte
idx_labels 23 19 | spoilt labels mnist/t10k-labels-idx1-ubyte
head -c 3000 good/cifar-10-batches-bin/test_batch.bin | spoilt cut_cifar cifar-10-batches-bin/test_batch.bin
printf '%030730d' 0 | spoilt labels_cifar cifar-10-batches-bin/data_batch_3.bin  # 48, the character 0, is no label
printf 'no network, but a line of text\n' >text.safetensors
printf '\20\0\0\0\0\0\0\0{"__metadata__": {}}' >wrong.safetensors
{ printf '\116\0\0\0\0\0\0\0'; printf '%-78s' '{"other.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}'; printf '%08d' 0; } >foreign.safetensors
printf 'no picture' >text.png
touch file

for program in lecture20_denoising_autoencoder lecture32_convolutional_autoencoder lecture55_adversarial_classifier; do
  quick=(--epochs 1 --classifier-epochs 1 --batch-size 10 --threads 1) first=autoencoder
  if [[ $program == lecture55* ]]; then quick[0]=--steps first=adversarial; fi
  "$built/$program" --data good "${quick[@]}" --out out --quiet
  head -c 5000 out/classifier.safetensors >cut.safetensors
  cp -r out before

  says 1 "--data: nowhere holds no" --data nowhere --out out
  says 1 "--data: nothing holds no" --data nothing --out out
  says 1 "--data: good/mnist holds no" --data good/mnist --out out
  says 1 "--data: file holds no" --data file --out out
  says 2 "--data: the folder's name is empty" --data "" --out out
  says 1 "file is not a folder" --data good --out file
  says 1 "file/below is not a folder" --data good --out file/below
  says 2 "--batch-size: expected a whole number of at least 1, got '0'" --batch-size 0 --out out
  says 2 "--nonsense" --nonsense --out out
  says 2 "stray" stray --out out
  CUDA_VISIBLE_DEVICES= says 2 "--device: cuda asked for, but" --device cuda --out out

  for option in evaluate predict; do
    given() { if [[ $option == evaluate ]]; then echo "--evaluate $1 --data good"; else echo "--predict $1 text.png"; fi; }
    says 1 "there is no file nowhere.safetensors" $(given nowhere.safetensors) --out out
    says 1 "out is not a regular file" $(given out) --out out
    says 1 "text.safetensors is not a safetensors file" $(given text.safetensors) --out out
    says 1 "wrong.safetensors" $(given wrong.safetensors) --out out
    says 1 "is the file cut short?" $(given cut.safetensors) --out out
    says 1 "foreign.safetensors holds another network; load_state_dict: missing: " $(given foreign.safetensors) --out out
  done
  says 2 "--predict: " --predict out/classifier.safetensors --out out
  says 1 "out/$first.safetensors holds another network" --predict out/$first.safetensors text.png --out out
  says 1 "text.png is not a PNG file" --predict out/classifier.safetensors text.png --out out
  says 1 "nothing is not a regular file" --predict out/classifier.safetensors nothing --out out
  says 1 "there is no file nowhere.png" --predict out/classifier.safetensors nowhere.png --out out

  if [[ $program != lecture32* ]]; then
    says 1 "cut/mnist/train-images-idx3-ubyte declares 15680 elements" --data cut --out out
    says 1 "cut_gz/mnist/train-images-idx3-ubyte.gz is cut short" --data cut_gz --out out
    says 1 "shape/mnist/train-images-idx3-ubyte holds images of 28x27, expected 28x28" --data shape --out out
    says 1 "labels/mnist/t10k-labels-idx1-ubyte holds 19 labels for 20 images" --data labels --out out
  else
    says 1 "cut_cifar/cifar-10-batches-bin/test_batch.bin has 3000 bytes" --data cut_cifar --out out
    says 1 "labels_cifar/cifar-10-batches-bin/data_batch_3.bin has label 48 at 0" --data labels_cifar --out out
    says 1 "--batch-size: a batch of 51 was asked for, there are 50 training images" --data good --batch-size 51 --out out
  fi
  [[ ! -s file && -z $(ls -A nothing) ]] || { echo "$program wrote where it should not"; failed=1; }
  diff -rq out before || { echo "$program changed what an earlier run left"; failed=1; }
  rm -r out before
done

program=lecture54_adversarial_autoencoder
says 1 "--data: nowhere holds no" --data nowhere --out out
says 2 "--steps: expected a whole number of at least 1, got '0'" --steps 0 --out out
says 2 "--z: expected a whole number of at least 1, got '0'" --z 0 --out out
says 1 "there is no file nowhere.safetensors" --data good --classifier nowhere.safetensors --out out
says 1 "foreign.safetensors holds another network" --data good --classifier foreign.safetensors --out out
says 1 "there is no file nowhere.safetensors" --from nowhere.safetensors --sample 0,1 --out out
says 1 "foreign.safetensors holds another network" --from foreign.safetensors --sample 0,1 --out out
says 2 "--sample: expected X,Y after it, and no more" --sample
says 2 "--sample: expected X,Y after it, and no more" --sample --z 3
says 1 "--sample: expected numbers with commas between, as in 0.4,-1.2, got '0;1'" --sample '0;1' --out out
[[ -z $(ls -A out) ]] || { echo "$program wrote what it should not: $(ls out)"; failed=1; }
exit $failed
