// Lecture 54: an adversarial autoencoder on MNIST, which makes digits of a few normal numbers. The networks and the
// three phases of a step are in models/lecture54.h, the loop over the steps is in program_adversarial.cpp;
// docs/lectures/lecture54.md compares what comes out with the slides.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include <gradus/core/error.h>
#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/data/digits.h>
#include <gradus/models/lecture55.h>
#include <gradus/report/scatter.h>

#include "program_adversarial.h"
#include "program_models.h"

using namespace gradus;
using lecture54::AdversarialAutoencoder;

namespace {

struct Settings {
  int steps = 5000, z = 2;
  bool as_on_slides = false, relu_in_p = false;
  std::string classifier;  // a file of lecture 55, or empty
  std::string from;        // what --sample draws from, or empty
};

AdversarialAutoencoder make_network(const Program& program, Index z, bool relu_in_p) {
  AdversarialAutoencoder net({.z = z, .relu_in_p = relu_in_p});
  net.to(program.options.device);
  return net;
}

// Lecture 55's classifier, who is to say what the digits are, in eval mode. Refused below 97% on the test images.
lecture55::Classifier load_judge(Program& program, const std::string& file, const Dataset& test) {
  const Generator before = default_generator();
  lecture55::Classifier judge(make_network(program, lecture55::code, false).Q);
  default_generator() = before;  // a run is the same whether it is measured or not
  load_model(program, file, {judge});
  judge.eval();
  DataLoader loader = flat_batches(program, test, false);
  const double accuracy = test_accuracy(judge, loader, digit_classes()).overall();
  check(accuracy >= 97, "--classifier", file, " is right about ", formatted("%.2f", accuracy),
        "% of the test images, expected at least 97%; train it by lecture55_adversarial_classifier");
  return judge;
}

// Which of the digits [n, 784] the judge is sure of, with probability over 0.9, and how many classes are among them.
void count_recognised(Program& program, const lecture55::Classifier& judge, int step, const Tensor& digits) {
  NoGrad guard;
  const Tensor probabilities = softmax(judge(digits), 1).to(cpu);
  const std::vector<Index> best = argmax(probabilities, 1).to_vector<Index>();
  const std::vector<float> surest = max(probabilities, {1}).to_vector<float>();
  std::vector<bool> seen(digit_classes().size());
  int recognised = 0;
  for (std::size_t i = 0; i < best.size(); ++i) {
    if (!(surest[i] > 0.9f)) continue;
    ++recognised;
    seen[static_cast<std::size_t>(best[i])] = true;
  }
  const auto kinds = std::count(seen.begin(), seen.end(), true);
  program.measure("Recognised of 100 digits", "digits", step, recognised);
  program.measure("Recognised of 100 digits", "classes among them", step, static_cast<double>(kinds));
  program.result("recognised", recognised);
  program.result("recognised_classes", static_cast<double>(kinds));
}

// Where the encoder puts the test images, a colour for each digit.
void draw_codes(Program& program, AdversarialAutoencoder& net, const Dataset& test) {
  NoGrad guard;
  net.Q.eval();
  Tensors codes;
  DataLoader loader = flat_batches(program, test, false);
  for (const Batch& batch : loader) codes.push_back(net.Q(batch.images).to(cpu));
  net.Q.train();
  program.picture("codes.png",
                  "The codes of the test images, coloured by digit; N(0, 1) is what the discriminator wants.",
                  scatter(cat(codes), test.labels, digit_classes()));
}

void train(Program& program, const Settings& settings) {
  check(settings.from.empty(), "--from", "it names the network that --sample draws from; a training starts afresh");
  const DataSource data = read_data(program, DataSet::mnist);
  DataLoader loader = flat_batches(program, data.train, true);
  std::function<void(int, const Tensor&)> at_grid;
  if (!settings.classifier.empty()) {
    at_grid = [&program, judge = load_judge(program, settings.classifier, data.test)](int step, const Tensor& digits) {
      count_recognised(program, judge, step, digits);
    };
  }

  AdversarialAutoencoder net = make_network(program, settings.z, settings.relu_in_p);
  program.log() << net << "\n" << net.number_of_parameters() << " parameters\n\n";
  program.on_interrupt([&] { save_model(program, "adversarial", net); });
  const Tensor points = settings.z == 2 ? slide_points() : normal_points(settings.z, program.options.seed);
  train_adversarial(program, net, loader, points,
                    {.steps = settings.steps,
                     .every = 250,
                     .form = settings.as_on_slides ? lecture54::Form::slides : lecture54::Form::method},
                    at_grid);
  save_model(program, "adversarial", net);
  if (settings.z == 2) draw_codes(program, net, data.test);
}

// "0.4,-1.2" as the numbers of one code.
std::vector<float> parse_code(const std::string& text) {
  std::vector<float> code;
  for (const char *at = text.data(), *end = at + text.size();; ++at) {
    float value{};
    const auto [stop, problem] = std::from_chars(at, end, value);
    check(problem == std::errc() && std::isfinite(value) && (stop == end || *stop == ','), "--sample",
          "expected numbers with commas between, as in 0.4,-1.2, got '", text, "'");
    code.push_back(value);
    if (stop == end) return code;
    at = stop;
  }
}

// Draws the digit of a code by a saved network.
void sample(Program& program, const Settings& settings, const std::string& text) {
  const std::vector<float> code = parse_code(text);
  const auto z = static_cast<Index>(code.size());
  const AdversarialAutoencoder net = make_network(program, z, settings.relu_in_p);
  load_model(program, settings.from.empty() ? "out/lecture54/adversarial.safetensors" : settings.from, {net});
  const Tensor digit = draw_digits(net.P, tensor(std::span<const float>(code), {1, z}));
  program.picture("digit.png", "The digit that P makes of " + text + ".", tiles(1 - digit, grey(), {.zoom = 8}));
  program.say("Drawn in %s\n", program.file("digit.png").c_str());
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  Program program("lecture54_adversarial_autoencoder",
                  "Lecture 54: trains an adversarial autoencoder on MNIST, whose decoder makes digits.",
                  {.out = "out/lecture54", .batch_size = 100});
  program.title = "An adversarial autoencoder that makes digits";
  program.epoch_name = "step";
  program.option("--steps", settings.steps, "training steps, of three phases each", 1);
  program.option("--z", settings.z, "numbers in a code; with others than 2 the grid is of fixed normal points", 1);
  program.flag("--as-on-slides", settings.as_on_slides,
               "gradients cleared once a step, Q not detached, log(D(fake)): as the slides have it");
  program.flag("--relu-in-p", settings.relu_in_p, "a ReLU after P's second layer, where the slide has none");
  program.option("--classifier", settings.classifier,
                 "lecture 55's classifier.safetensors: counts which digits of the grid it recognises");
  program.option("--from", settings.from,
                 "the saved network that --sample draws from; out/lecture54/adversarial.safetensors when left out");
  program.instead(
      "--sample", "X,Y",
      "draw the digit of a code, as many numbers as --z had, by the network in --from (made with the same --relu-in-p)",
      [&](const Program::Words& words) { sample(program, settings, words[0]); });
  return program.run(argc, argv, [&] { train(program, settings); });
}
