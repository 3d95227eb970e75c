// The networks of lecture 32: their form, their gradient as a whole, their steps; and the program on a few pictures.
#include <filesystem>
#include <sstream>

#include <gradus/layers/conv2d.h>
#include <gradus/models/lecture32.h>
#include <gradus/optim/adam.h>

#include "catch.h"
#include "cifar10_files.h"
#include "directional.h"
#include "lecture_run.h"

using namespace gradus;

namespace {

Tensor photos(Index n, DType dtype = float32) {
  Generator from(3);
  return rand({n, 3, 32, 32}, dtype, from);
}

}  // namespace

TEST_CASE("the autoencoder prints as in the lecture, and has its parameters") {
  const lecture32::Autoencoder net;
  std::ostringstream text;
  text << net;
  INFO(text.str());
  CHECK(
      text.str().starts_with("autoencoder(\n"
                             "  (conv_encoder): Sequential(\n"
                             "    (0): Conv2d(3, 64, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))\n"
                             "    (1): LeakyReLU(negative_slope=0.1)\n"
                             "    (2): Conv2d(64, 128, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))\n"));
  for (const char* line :
       {"  (fc_encoder): Sequential(\n    (0): Linear(in_features=2048, out_features=1024, bias=True)\n",
        "  (fc_decoder): Sequential(\n    (0): Linear(in_features=1024, out_features=2048, bias=True)\n",
        "  (conv_decoder): Sequential(\n    (0): Conv2d(128, 128, kernel_size=(3, 3), stride=(1, 1)",
        "    (9): Conv2d(64, 3, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))\n    (10): ReLU()\n"}) {
    CHECK(text.str().find(line) != std::string::npos);
  }
  // convolutions: weights 9 in out, biases out; linear layers likewise
  const Index encoder = 9 * (3 * 64 + 64 * 128 + 128 * 128) + 64 + 128 + 128 + 2048 * 1024 + 1024;
  const Index decoder = 1024 * 2048 + 2048 + 9 * (128 * 128 + 128 * 64 + 64 * 64 + 64 * 3) + 128 + 64 + 64 + 3;
  CHECK(net.number_of_parameters() == encoder + decoder);
  const lecture32::Classifier classifier(net);
  CHECK(classifier.number_of_parameters() == encoder + 1024 * 10 + 10);
  std::vector<std::string> names;
  for (const auto& [name, p] : classifier.named_parameters()) names.push_back(name);
  CHECK(names.front() == "conv.0.weight");
  CHECK(names.back() == "fc2.0.bias");
}

TEST_CASE("the shapes are the lecture's, and the classifier trains the autoencoder's own encoder") {
  const lecture32::Autoencoder net;
  NoGrad guard;
  const Tensor images = photos(2);
  CHECK(net.conv_encoder(images).shape() == Shape{2, 128, 4, 4});
  CHECK(net.encode(images).shape() == Shape{2, 1024});
  CHECK(net(images).shape() == images.shape());
  const lecture32::Classifier classifier(net);
  CHECK(classifier(images).shape() == Shape{2, 10});
  CHECK(classifier.get_parameter("conv.2.weight").same(net.get_parameter("conv_encoder.2.weight")));
  CHECK(classifier.get_parameter("fc1.0.bias").same(net.get_parameter("fc_encoder.0.bias")));
}

TEST_CASE("align_corners changes what the decoder does, and nothing else") {
  manual_seed(2);
  const lecture32::Autoencoder net;
  const lecture32::Autoencoder aligned({.align_corners = true});
  Module(aligned).load_state_dict(net.state_dict());
  NoGrad guard;
  const Tensor images = photos(2);
  CHECK(net.encode(images).to_vector<float>() == aligned.encode(images).to_vector<float>());
  CHECK(max(abs(net(images) - aligned(images))).item() > 1e-4);
}

TEST_CASE("the gradient of each whole network agrees with differences along a direction") {
  manual_seed(4);
  for (const bool align_corners : {false, true}) {
    lecture32::Autoencoder net({.align_corners = align_corners});
    net.to(float64);
    const Tensor images = photos(2, float64), labels = tensor({3, 8}, int64);
    check_directional(net.parameters(), [&] { return mse_loss(net(images), images); });
    const lecture32::Classifier classifier(net);
    check_directional(classifier.parameters(), [&] { return cross_entropy(classifier(images), labels); });
  }
}

TEST_CASE("of the networks drawn, one in eight is born dead: no step changes it until its last layer is mirrored") {
  const Tensor images = photos(4);
  int dead = 0;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    manual_seed(seed);
    const lecture32::Autoencoder net({.narrow = 8, .wide = 8, .code = 8});
    if (is_alive(net, images)) continue;
    ++dead;
    Adam adam(net.parameters(), {.lr = 1e-3});
    const auto train = [&] {
      double loss = 0;
      for (int i = 0; i < 10; ++i) loss = lecture32::autoencoder_step(net, adam, images).item();
      return loss;
    };
    const double first = lecture32::autoencoder_step(net, adam, images).item();
    if (dead == 1) CHECK(train() == Approx(first));
    mirror_last_layer(net);
    CHECK(is_alive(net, images));
    if (dead == 1) CHECK(train() < 0.9 * first);
  }
  CHECK(dead >= 2);  // of 8 expected, with a deviation of 2.6
  CHECK(dead <= 18);
}

TEST_CASE("the mirrored layer is the last convolution, all of it and nothing else") {
  manual_seed(2);
  const lecture32::Autoencoder net({.narrow = 3, .wide = 4, .code = 5});
  std::vector<std::vector<float>> before;
  for (const Tensor& p : net.parameters()) before.push_back(p.to_vector<float>());
  mirror_last_layer(net);
  const Tensors after = net.parameters();
  for (std::size_t i = 0; i < after.size(); ++i) {
    CAPTURE(i);
    const bool last = i + 2 >= after.size();
    if (last)
      for (float& v : before[i]) v = -v;
    CHECK(after[i].to_vector<float>() == before[i]);
  }
}

TEST_CASE("LeakyReLU keeps its output, not its input") {
  const Tensor w = ones({3}).requires_grad_(), x = 2 * w;
  const Tensor y = leaky_relu(x, 0.1);
  CHECK(x.storage().use_count() == 1);
  CHECK(y.storage().use_count() == 2);
  const Tensor z = leaky_relu(x, -0.1);  // whose sign does not say x's
  CHECK(x.storage().use_count() == 2);
}

TEST_CASE("the steps bring the losses down") {
  manual_seed(5);
  const lecture32::Autoencoder net({.narrow = 8, .wide = 12, .code = 40});
  const Tensor images = photos(10), labels = arange(0, 10, 1, int64);
  Adam adam(net.parameters(), {.lr = 1e-3});
  const double first = lecture32::autoencoder_step(net, adam, images).item();
  double last = first;
  for (int i = 0; i < 30; ++i) last = lecture32::autoencoder_step(net, adam, images).item();
  CHECK(last < 0.6 * first);
  const lecture32::Classifier classifier(net);
  Adam other(classifier.parameters(), {.lr = 1e-3});
  const double start = lecture32::classifier_step(classifier, other, images, labels).item();
  for (int i = 0; i < 60; ++i) last = lecture32::classifier_step(classifier, other, images, labels).item();
  CHECK(last < 0.5 * start);
}

TEST_CASE("the program mirrors the last layer of a network that is born dead, and says so") {
  TempDir dir;
  write_small_cifar10(dir.path());
  const std::string options = "--data '" + dir.path().string() + "' --batch-size 5 --epochs 1 --classifier-epochs 0 ";
  const LectureRun dead("lecture32_convolutional_autoencoder",
                        options + "--seed 1 > '" + dir.path().string() + "/said'");
  REQUIRE(dead.succeeded());
  CHECK(dead.results()["results"]["mirrored"] == 1);
  std::ifstream said(dir.path() / "said");
  const std::string text(std::istreambuf_iterator<char>(said), {});
  CHECK(text.find("gives 0 for all but a few pixels") != std::string::npos);
  const LectureRun alive("lecture32_convolutional_autoencoder", options + "--quiet --seed 2", "_2");
  CHECK(alive.results()["results"]["mirrored"] == 0);
}

TEST_CASE("the program writes what it promises, and reads it again") {
  TempDir dir;
  write_small_cifar10(dir.path());
  const std::string data = "--quiet --data '" + dir.path().string() + "' --batch-size 5 ";
  const std::string name = "lecture32_convolutional_autoencoder";
  const LectureRun run(name, data + "--epochs 1 --classifier-epochs 1 --align-corners");
  REQUIRE(run.succeeded());
  for (const char* file :
       {"metrics.csv", "results.json", "curves.svg", "report.html", "reconstructions.png", "kernels_autoencoder.png",
        "kernels_classifier.png", "autoencoder.safetensors", "classifier.safetensors"}) {
    INFO(file);
    CHECK(run.wrote(file));
  }
  const nlohmann::json results = run.results();
  INFO(results.dump(2));
  CHECK(results["settings"]["align-corners"] == true);
  CHECK(results["accuracy_per_class"].contains("airplane"));
  {
    const LectureRun test(name, data + "--align-corners --evaluate '" + run.path("classifier.safetensors") + "'", "_2");
    REQUIRE(test.succeeded());
    CHECK(test.results()["results"]["accuracy"] == results["results"]["accuracy"]);
  }
  {
    const LectureRun named(
        name,
        "--quiet --predict '" + run.path("classifier.safetensors") + "' '" + run.path("reconstructions.png") + "'",
        "_2");
    CHECK(named.succeeded());
  }
  CHECK_FALSE(LectureRun(name, data + "--batch-size 16 2>/dev/null", "_2").succeeded());  // of 15 pictures
}
