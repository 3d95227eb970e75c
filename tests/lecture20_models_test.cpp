// What the lecture 20 program does with saved networks, on a data set of a few images: --evaluate and --predict.
#include "catch.h"

#include <cstdlib>

#include <nlohmann/json.hpp>

#include <gradus/core/files.h>
#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/core/safetensors.h>
#include <gradus/data/mnist.h>
#include <gradus/models/lecture20.h>
#include <gradus/report/tiles.h>

#include "mnist_files.h"

using namespace gradus;

namespace {

// The program, trained for a moment; then run again with the networks that it saved.
struct Trained {
  TempDir folder;
  std::string dir = folder.path(), out = dir + "/out", printed;

  Trained() {
    write_small_mnist(dir);
    REQUIRE(run("--epochs 2 --classifier-epochs 2 --out " + out) == 0);
  }
  int run(const std::string& options) {
    const std::string text = dir + "/printed.txt";
    const std::string command = std::string("cd '") + dir + "' && '" + GRADUS_EXAMPLES_DIR +
                                "/lecture20_denoising_autoencoder' --data . --seed 5 " + options + " >" + text +
                                " 2>&1";
    const int status = std::system(command.c_str());
    printed = read_file(text);
    return WEXITSTATUS(status);
  }
  nlohmann::json results(const std::string& name) const {
    return nlohmann::json::parse(read_file(dir + "/" + name + "/results.json"));
  }
  bool said(const std::string& part) const { return printed.find(part) != std::string::npos; }
};

// One for all cases: none of them changes what it holds.
Trained& shared_run() {
  static Trained trained;
  return trained;
}

std::string names(const std::string& path) {
  std::string all;
  for (const auto& [name, t] : load_safetensors(path)) {
    all += name + " ";
    CHECK(t.dtype() == float64);
  }
  return all;
}

}  // namespace

TEST_CASE("lecture 20 saves both networks, and tests them as it left them") {
  Trained& trained = shared_run();
  CHECK(names(trained.out + "/autoencoder.safetensors") ==
        "encoder.0.weight encoder.0.bias decoder.0.weight decoder.0.bias ");
  CHECK(names(trained.out + "/classifier.safetensors") == "0.0.weight 0.0.bias classifier.0.weight classifier.0.bias ");
  const std::string after_training = read_file(trained.out + "/results.json");

  REQUIRE(trained.run("--evaluate out/classifier.safetensors --out tested") == 0);
  const nlohmann::json tested = trained.results("tested"), before = trained.results("out");
  CHECK(tested["results"]["accuracy"] == before["results"]["accuracy"]);
  CHECK(tested["accuracy_per_class"] == before["accuracy_per_class"]);
  CHECK(tested["accuracy_per_class"].contains("zero"));
  CHECK(!tested["results"].contains("loss"));
  CHECK(trained.said("Performance of different Classes:"));
  CHECK(trained.said("Test Accuracy : "));

  // The same noise, whatever the batches; it is the seed's.
  lecture20::Autoencoder net;
  net.to(float64);
  net.load_state_dict(load_safetensors(trained.out + "/autoencoder.safetensors"));
  const Tensor clean = mnist(trained.dir).test.images.flatten(1).to(float64);
  Generator noise(6);
  const double expected = mse_loss(net(lecture20::add_noise(clean, {}, noise)), clean).item();
  for (const char* options : {"", " --batch-size 1", " --threads 1"}) {
    REQUIRE(trained.run("--evaluate out/autoencoder.safetensors --out tested" + std::string(options)) == 0);
    CHECK(trained.results("tested")["results"]["loss"].get<double>() == Approx(expected).epsilon(1e-12));
  }
  CHECK(trained.said("Mean-Squared Error : "));
  REQUIRE(trained.run("--evaluate out/autoencoder.safetensors --out tested --noise-std 0 --noise-mean 0") == 0);
  CHECK(trained.results("tested")["results"]["loss"].get<double>() == Approx(mse_loss(net(clean), clean).item()));
  CHECK(read_file(trained.out + "/results.json") == after_training);
}

TEST_CASE("lecture 20 names the digits in pictures") {
  Trained& trained = shared_run();
  lecture20::Autoencoder net;
  Sequential classifier = lecture20::make_classifier(net);
  classifier.to(float64);
  classifier.load_state_dict(load_safetensors(trained.out + "/classifier.safetensors"));
  const Tensor digit = mnist(trained.dir).test.images.rows(0, 1);
  const Tensor probability = exp(classifier(digit.flatten(1).to(float64)))[0];
  const Index best = static_cast<Index>(argmax(probability).item());
  const char* classes[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};

  write_png(trained.dir + "/digit.png", tiles(digit));
  write_png(trained.dir + "/large.png", tiles(digit, grey(), {.zoom = 4}));
  REQUIRE(trained.run("--predict out/classifier.safetensors digit.png large.png") == 0);
  const nlohmann::json results = trained.results("out/lecture20/predict")["results"];
  for (const char* name : {"digit.png", "large.png"}) CHECK(results[name] == classes[best]);
  CHECK(results["digit.png, probability"].get<double>() == Approx(probability[best].item()).epsilon(1e-6));
  CHECK(trained.said(std::string("digit.png: ") + classes[best] + "\n"));
  CHECK(trained.said("zero "));
  CHECK(trained.said("nine "));
}

TEST_CASE("lecture 20 refuses files and pictures that it cannot use, in a sentence") {
  Trained& trained = shared_run();
  const auto refused = [&](const std::string& options, const std::string& message) {
    CHECK(trained.run(options) == 1);
    CHECK(trained.said("lecture20_denoising_autoencoder: " + message));
  };
  refused("--predict out/autoencoder.safetensors digit.png",
          "load_model: out/autoencoder.safetensors holds another network; load_state_dict: missing: 0.0.weight, "
          "0.0.bias, classifier.0.weight, classifier.0.bias; not in the module: encoder.0.weight, encoder.0.bias, "
          "decoder.0.weight, decoder.0.bias; nothing was loaded\n");
  save_safetensors(trained.dir + "/other.safetensors", {{"conv.weight", ones({1})}});
  refused("--evaluate other.safetensors", "load_model: other.safetensors holds another network; load_state_dict: ");
  CHECK(trained.said("not in the module: conv.weight;"));
  refused("--evaluate missing.safetensors", "read_file: there is no file missing.safetensors\n");
  refused("--evaluate out/metrics.csv", "load_safetensors: out/metrics.csv is not a safetensors file");
  refused("--predict out/classifier.safetensors out/results.json",
          "read_image: out/results.json is not a PNG file; convert it to PNG first\n");
  write_png(trained.dir + "/small.png", Image(20, 30));
  refused("--predict out/classifier.safetensors small.png",
          "read_picture: small.png has 20 x 30 pixels, expected at least 28 x 28\n");
}
