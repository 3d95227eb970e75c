// The whole of lecture 20 on the real MNIST, as scripts/demo runs it.
#include "catch.h"

#include "lecture_run.h"

#ifndef GRADUS_SANITIZED

TEST_CASE("lecture 20 reaches the slide's figures on MNIST") {
  const LectureRun run("lecture20_denoising_autoencoder", "--data '" + require_data("mnist") + "' --seed 0");
  REQUIRE(run.succeeded());
  const nlohmann::json results = run.results();
  INFO(results.dump(2));
  CHECK(results["results"]["autoencoder_loss"] <= 0.0085);
  CHECK(results["results"]["accuracy"] >= 91.4);
  CHECK(results["results"]["mean_abs_code"] <= 0.2);  // without a penalty it is 0.79
  CHECK(results["peak_memory_mb"] <= 800);
}

TEST_CASE("without a penalty the first epoch is the slide's") {
  const LectureRun run("lecture20_denoising_autoencoder",
                       "--data '" + require_data("mnist") + "' --l1-form none --epochs 1 --classifier-epochs 0");
  REQUIRE(run.succeeded());
  CHECK(run.results()["results"]["autoencoder_loss"].get<double>() == Approx(0.0740).epsilon(0.05));
}

#else  // a sanitizer slows the program down tenfold: it runs the classifier for one epoch

TEST_CASE("lecture 20's classifier learns on MNIST") {
  const LectureRun run("lecture20_denoising_autoencoder",
                       "--data '" + require_data("mnist") + "' --epochs 0 --classifier-epochs 1");
  REQUIRE(run.succeeded());
  CHECK(run.results()["results"]["accuracy"] >= 75);
}

#endif
