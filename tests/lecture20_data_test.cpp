// The whole of lecture 20 on the real MNIST, as scripts/demo runs it.
#include "catch.h"

#include "lecture20_run.h"

// What a sanitizer slows down tenfold runs for one epoch, and is held to what one epoch reaches.
#ifdef GRADUS_SANITIZED
constexpr bool whole = false;
#else
constexpr bool whole = true;
#endif

TEST_CASE("lecture 20 reaches the slide's figures on MNIST") {
  const std::string data = "--data '" + require_data("mnist") + "'";
  const Lecture20Run run(data + (whole ? " --seed 0" : " --epochs 1 --classifier-epochs 1"));
  REQUIRE(run.succeeded());
  const nlohmann::json results = run.results();
  INFO(results.dump(2));
  CHECK(results["results"]["autoencoder_loss"] <= (whole ? 0.0085 : 0.078));
  CHECK(results["results"]["accuracy"] >= (whole ? 91.4 : 75));
  CHECK(results["peak_memory_mb"] <= (whole ? 800 : 3000));
}

TEST_CASE("without a penalty the first epoch is the slide's") {
  const Lecture20Run run("--data '" + require_data("mnist") + "' --l1-form none --epochs 1 --classifier-epochs 0");
  REQUIRE(run.succeeded());
  CHECK(run.results()["results"]["autoencoder_loss"].get<double>() == Approx(0.0740).epsilon(0.05));
}
