// Lecture 32 on the real CIFAR-10: an epoch of the autoencoder.
#include "catch.h"
#include "lecture_run.h"

#ifndef GRADUS_SANITIZED

TEST_CASE("lecture 32's autoencoder learns on CIFAR-10") {
  const LectureRun run(
      "lecture32_convolutional_autoencoder",
      "--quiet --data '" + require_data("cifar-10-batches-bin") + "' --epochs 1 --classifier-epochs 0");
  REQUIRE(run.succeeded());
  const nlohmann::json results = run.results();
  INFO(results.dump(2));
  // The mean over the epoch, from fresh weights on; without learning it would stay near 0.28, the pixels' mean square.
  CHECK(results["results"]["autoencoder_loss"] <= 0.2);
  CHECK(results["peak_memory_mb"] <= 3000);
}

#else  // a sanitizer slows the program down tenfold: it reads the real data and writes what needs no training

TEST_CASE("lecture 32's program reads CIFAR-10") {
  const LectureRun run(
      "lecture32_convolutional_autoencoder",
      "--quiet --data '" + require_data("cifar-10-batches-bin") + "' --epochs 0 --classifier-epochs 0");
  REQUIRE(run.succeeded());
  CHECK(run.wrote("autoencoder.safetensors"));
  CHECK(run.wrote("reconstructions.png"));
}

#endif
