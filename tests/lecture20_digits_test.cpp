// The lecture 20 program on the digits that gradus draws itself: what anyone has who has no MNIST.
#include "catch.h"

#include "lecture_run.h"

TEST_CASE("the program runs on built-in digits and writes what it promises") {
#ifdef GRADUS_SANITIZED
  const std::string epochs = "--epochs 0 --classifier-epochs 1";
#else
  const std::string epochs = "--epochs 2 --classifier-epochs 10";
#endif
  const LectureRun run("lecture20_denoising_autoencoder",
                       "--quiet " + epochs);  // without --data; ctest sets no GRADUS_DATA for this test
  REQUIRE(run.succeeded());
  for (const char* name : {"metrics.csv", "results.json", "curves.svg", "report.html", "reconstructions.png",
                           "encoder_weights_magnitude.png", "encoder_weights_signed.png",
                           "decoder_weights_magnitude.png", "decoder_weights_signed.png"}) {
    INFO(name);
    CHECK(run.wrote(name));
  }
  const std::string metrics = run.text("metrics.csv");
  CHECK(metrics.starts_with("phase,epoch,loss,accuracy,seconds\n"));
  CHECK(metrics.find("\nclassifier,1,") != std::string::npos);
  const nlohmann::json results = run.results();
  INFO(results.dump(2));
  CHECK(results["accuracy_per_class"].size() == 10);
  CHECK(results["settings"]["l1-form"] == "mean");
#ifndef GRADUS_SANITIZED
  CHECK(metrics.find("\nautoencoder,2,") != std::string::npos);
  CHECK(results["results"]["accuracy"] >= 85);  // neither hopeless nor too easy to teach anything
  CHECK(results["results"]["accuracy"] <= 99);
#endif
}
