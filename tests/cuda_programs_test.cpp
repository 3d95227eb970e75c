// The lectures' programs on the GPU: with recorded steps they leave what they leave with --plain, to the bit.
#include "catch.h"

#include <string>
#include <vector>

#include <gradus/kernels/cuda.h>

#include "lecture_run.h"
#include "mnist_files.h"

namespace {

// Runs a program twice on 5 images in batches of 2, the last of an epoch smaller, and compares these files.
void check_plain_is_the_same(const std::string& name, const std::string& options,
                             const std::vector<std::string>& files) {
  TempDir dir;
  write_small_mnist(dir.path());
  const std::string all = "--quiet --device cuda --batch-size 2 --data '" + dir.path().string() + "' " + options;
  const LectureRun recorded(name, all, "recorded"), plain(name, all + " --plain", "plain");
  REQUIRE(recorded.succeeded());
  REQUIRE(plain.succeeded());
  for (const std::string& file : files) {
    CAPTURE(name, file);
    REQUIRE(recorded.wrote(file));
    CHECK(recorded.text(file) == plain.text(file));
  }
  const auto figures = recorded.results()["results"];
  CHECK(!figures.empty());
  CHECK(figures == plain.results()["results"]);
}

}  // namespace

#ifdef GRADUS_SANITIZED
const char epochs[] = "--epochs 2 --classifier-epochs 1";
#else
const char epochs[] = "--epochs 3 --classifier-epochs 3";
#endif

TEST_CASE("lecture 20's program with recorded steps and with plain ones") {
  check_plain_is_the_same("lecture20_denoising_autoencoder", epochs,
                          {"autoencoder.safetensors", "classifier.safetensors", "reconstructions.png"});
}

#ifndef GRADUS_SANITIZED  // on the emulator it takes minutes there
TEST_CASE("lecture 55's program with recorded steps and with plain ones") {
  check_plain_is_the_same("lecture55_adversarial_classifier", "--steps 4 --classifier-epochs 2",
                          {"adversarial.safetensors", "classifier.safetensors"});
}
#endif
