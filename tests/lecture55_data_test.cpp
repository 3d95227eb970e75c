// Lectures 55 and 54 on the real MNIST: the classifier as good as the slide's, and digits that it recognises.
#include "catch.h"

#include "lecture_run.h"

#ifndef GRADUS_SANITIZED

TEST_CASE("lecture 55 reaches the slide's accuracy, and its classifier recognises digits of lecture 54") {
  const std::string data = "--quiet --data '" + require_data("mnist") + "' ";
  const LectureRun classifier("lecture55_adversarial_classifier", data);
  REQUIRE(classifier.succeeded());
  const double accuracy = classifier.results()["results"]["accuracy"];
  CHECK(accuracy >= 97.8);
  const std::string metrics = classifier.text("metrics.csv");
  const std::size_t first = metrics.find("\nclassifier,1,");
  REQUIRE(first != std::string::npos);
  const std::size_t column = metrics.find(',', first + 14) + 1;
  INFO(metrics);
  CHECK(std::stod(metrics.substr(column)) >= 92);

  // To be measured changes nothing.
  const std::string judge = " --classifier '" + classifier.path("classifier.safetensors") + "'";
  const LectureRun one("lecture54_adversarial_autoencoder", data + "--steps 1" + judge, "_2"),
      other("lecture54_adversarial_autoencoder", data + "--steps 1", "_3");
  REQUIRE(one.succeeded());
  CHECK(one.text("adversarial.safetensors") == other.text("adversarial.safetensors"));

  const LectureRun digits("lecture54_adversarial_autoencoder", data + "--steps 500" + judge);
  REQUIRE(digits.succeeded());
  const nlohmann::json results = digits.results()["results"];
  INFO(results.dump(2));
  CHECK(results["reconstruction_loss"] <= 0.24);  // of steps 251 to 500
  CHECK(results["recognised"] >= 27);
  CHECK(results["recognised_classes"] >= 4);
}

#else  // a sanitizer slows the program down tenfold: a few steps on the real data

TEST_CASE("lecture 55's program reads MNIST") {
  const LectureRun run("lecture55_adversarial_classifier",
                       "--quiet --data '" + require_data("mnist") + "' --steps 2 --classifier-epochs 0");
  REQUIRE(run.succeeded());
  CHECK(run.wrote("adversarial.safetensors"));
}

#endif
