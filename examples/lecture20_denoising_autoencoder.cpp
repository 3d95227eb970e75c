// Lecture 20: a denoising sparse autoencoder on MNIST, and the classifier made from it. The networks and the two
// training steps are in models/lecture20.h; docs/lectures/lecture20.md compares what comes out with the slides.
#include <gradus/core/step_graph.h>
#include <gradus/models/lecture20.h>
#include <gradus/optim/adam.h>
#include <gradus/report/tiles.h>

#include "program_models.h"

using namespace gradus;
using lecture20::Autoencoder;

namespace {

const std::vector<std::string> classes{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};

struct Settings {
  int epochs = 20, classifier_epochs = 10;
  std::string l1_form = "mean";
  double l1_weight = 0.1;
  lecture20::Noise noise;
};

L1Form l1_form(const std::string& name) {
  return name == "mean" ? L1Form::mean : name == "sum" ? L1Form::sum : name == "slide" ? L1Form::slide : L1Form::none;
}

Autoencoder make_autoencoder(const Program& program, const Settings& settings) {
  Autoencoder net(L1Penalty{settings.l1_weight, l1_form(settings.l1_form)});
  net.to(float64);
  net.to(program.options.device);
  return net;
}

// Batches of images [n, 784] in float64, as the lecture has them, on the run's device.
DataLoader batches(const Program& program, const Dataset& data, bool shuffle) {
  const Dataset flat{data.images.flatten(1), data.labels};
  return DataLoader(flat, {.batch_size = program.options.batch_size,
                           .shuffle = shuffle,
                           .seed = program.options.seed,
                           .dtype = float64,
                           .device = program.options.device});
}

void train_autoencoder(Program& program, const Settings& settings, const Autoencoder& net, DataLoader& loader) {
  Adam optimizer(net.parameters(), {.lr = 1e-3});
  const auto images_step = [&](const Tensor& x) {
    return lecture20::autoencoder_step(net, optimizer, x, settings.noise);
  };
  StepGraph step(images_step, !program.options.plain);
  Progress progress("autoencoder", settings.epochs, loader.size(), program.options.quiet);
  for (int epoch = 1; epoch <= settings.epochs; ++epoch) {
    const Stopwatch watch;
    const double loss = run_epoch(loader, progress, [&](const Tensor& x, const Tensor&) { return step(x); });
    progress.end_epoch(formatted("Mean-Squared Error : %f", loss));
    program.record({"autoencoder", epoch, loss, {}, watch.seconds()});
    program.result("autoencoder_loss", loss);
  }
}

void train_classifier(Program& program, const Settings& settings, const Sequential& net, DataLoader& loader,
                      DataLoader& test_loader) {
  const auto labelled_step = [&](const Tensor& x, const Tensor& labels) {
    return lecture20::classifier_step(net, x, labels, 0.1);
  };
  StepGraph step(labelled_step, !program.options.plain);
  Progress progress("classifier", settings.classifier_epochs, loader.size(), program.options.quiet);
  for (int epoch = 1; epoch <= settings.classifier_epochs; ++epoch) {
    const Stopwatch watch;
    const double loss = run_epoch(loader, progress, step);
    const ClassAccuracy accuracy = test_accuracy(net, test_loader, classes);
    progress.end_epoch(formatted("Train Error : %f ; Test Accuracy : %f", loss, accuracy.overall()));
    program.record({"classifier", epoch, loss, accuracy.overall(), watch.seconds()});
    program.result("classifier_loss", loss);
    if (epoch == settings.classifier_epochs) report_accuracy(program, accuracy);
  }
}

// How sparse the codes of the test images are: their mean magnitude, and the share of numbers close to 0.
void report_sparsity(Program& program, const Autoencoder& net, DataLoader& loader, Index images) {
  NoGrad guard;
  double magnitude = 0, small = 0;
  for (const Batch& batch : loader) {
    const Tensor code = abs(net.encoder(batch.images));
    magnitude += sum(code).item();
    small += sum(code < 0.01).item();
  }
  const double numbers = static_cast<double>(images) * 400;
  program.result("mean_abs_code", magnitude / numbers);
  program.result("share_of_code_below_0.01", small / numbers);
  program.say("Codes of the test images: mean |h| %f, share of |h| below 0.01 %f\n", magnitude / numbers,
              small / numbers);
}

// What the lecture shows of the reconstruction: clean digits, what the network is given, what it makes of it.
void draw_digits(Program& program, const Settings& settings, const Autoencoder& net, const Dataset& data) {
  NoGrad guard;
  const Tensor clean =
      data.images.rows(0, std::min<Index>(64, data.size())).flatten(1).to(float64).to(program.options.device);
  Generator noise_generator(program.options.seed + 1);
  const Tensor noisy = lecture20::add_noise(clean, settings.noise, noise_generator);
  const TileOptions eight{.columns = 8, .shades = 32};
  program.picture("reconstructions.png", "Digits of the test set, what the network is given, and what it makes of it.",
                  {{"originals", tiles(clean, grey(), eight)},
                   {"noisy inputs", tiles(noisy, grey(), eight)},
                   {"reconstructions", tiles(net(noisy), grey(), eight)}});
}

// Weights as 400 tiles: before training, after it, and the difference; as |w|, as on the slide, and signed.
void draw_weights(Program& program, const std::string& name, const Tensor& before, const Tensor& after) {
  const TileOptions twenty{.columns = 20, .shades = 32};
  for (const auto& [kind, coloring, meaning] :
       {std::tuple{"magnitude", magnitude(), "black is 0, white the picture's largest magnitude"},
        std::tuple{"signed", signed_colors(), "white is 0, red positive, blue negative"}}) {
    program.picture(name + "_weights_" + kind + ".png",
                    "The " + name + "'s weights, a tile for each of the 400 numbers of the code: " + meaning + ".",
                    {{"initial", tiles(before, coloring, twenty)},
                     {"trained", tiles(after, coloring, twenty)},
                     {"difference", tiles(after - before, coloring, twenty)}});
  }
}

void train(Program& program, const Settings& settings) {
  const DataSource data = read_data(program, DataSet::mnist);
  DataLoader train_loader = batches(program, data.train, true), test_loader = batches(program, data.test, false);

  const Autoencoder net = make_autoencoder(program, settings);
  program.log() << net << "\n\n";
  const Tensor encoder_before = net.get_parameter("encoder.0.weight").detach().clone();
  const Tensor decoder_before = net.get_parameter("decoder.0.weight").detach().clone();

  program.on_interrupt([&] { save_model(program, "autoencoder", net); });
  train_autoencoder(program, settings, net, train_loader);
  save_model(program, "autoencoder", net);
  report_sparsity(program, net, test_loader, data.test.size());
  draw_digits(program, settings, net, data.test);
  draw_weights(program, "encoder", encoder_before, net.get_parameter("encoder.0.weight").detach());
  draw_weights(program, "decoder", decoder_before.t(),
               net.get_parameter("decoder.0.weight").detach().t());  // its columns

  if (settings.classifier_epochs > 0) {
    const Sequential classifier = lecture20::make_classifier(net);
    program.log() << "\n" << classifier << "\n\n";
    program.on_interrupt([&] { save_model(program, "classifier", classifier); });
    train_classifier(program, settings, classifier, train_loader, test_loader);
    save_model(program, "classifier", classifier);
  }
}

// What a saved network reaches on the test set: the classifier its accuracy, the autoencoder the error that is left of
// noise that the seed decides.
void evaluate(Program& program, const Settings& settings, const std::string& file) {
  NoGrad guard;
  const Autoencoder net = make_autoencoder(program, settings);
  const Sequential classifier = lecture20::make_classifier(net);
  const bool classifies = load_model(program, file, {net, classifier}) == 1;
  DataLoader loader = batches(program, read_data(program, DataSet::mnist).test, false);
  if (classifies) return report_accuracy(program, test_accuracy(classifier, loader, classes));
  Progress progress("test set", 1, loader.size(), program.options.quiet);
  Generator noise(program.options.seed + 1);
  const double loss = run_epoch(loader, progress, [&](const Tensor& x, const Tensor&) {
    return mse_loss(net(lecture20::add_noise(x, settings.noise, noise)), x);
  });
  progress.end_epoch(formatted("Mean-Squared Error : %f", loss));
  program.result("loss", loss);
}

void predict_digits(Program& program, const Settings& settings, const Program::Words& words) {
  const Sequential classifier = lecture20::make_classifier(make_autoencoder(program, settings));
  load_model(program, words[0], {classifier});
  const auto net = [&](const Tensor& images) { return classifier(images.flatten(1).to(float64)); };
  predict(program, net, classes, {.channels = 1, .side = 28, .light_on_dark = true}, std::span(words).subspan(1));
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  Program program("lecture20_denoising_autoencoder",
                  "Lecture 20: trains a denoising sparse autoencoder on MNIST, then a classifier from its encoder.",
                  {.out = "out/lecture20", .batch_size = 1000});
  program.title = "A denoising sparse autoencoder, and a classifier from it";
  program.option("--epochs", settings.epochs,
                 "epochs of the autoencoder; 0 skips it: the classifier then starts from a fresh encoder", 0);
  program.option("--classifier-epochs", settings.classifier_epochs, "epochs of the classifier; 0 skips it", 0);
  program.option("--l1-form", settings.l1_form,
                 "gradient of the penalty on the code h: weight * sign(h) / its extent (mean), weight * sign(h) (sum), "
                 "weight * h (slide), or none",
                 {"mean", "sum", "slide", "none"});
  program.option("--l1-weight", settings.l1_weight, "weight of the penalty", 0);
  program.option("--noise-mean", settings.noise.mean, "mean of the noise on the inputs, in [0, 1] of a pixel's range");
  program.option("--noise-std", settings.noise.std, "standard deviation of the noise", 0);
  program.instead("--evaluate", "FILE",
                  "test a saved network: autoencoder.safetensors or classifier.safetensors of --out",
                  [&](const Program::Words& words) { evaluate(program, settings, words[0]); });
  program.instead(
      "--predict", "FILE IMAGE.png...",
      "name the digits in PNG pictures by a saved classifier. 28x28 pixels or larger, each of one digit that "
      "fills about two thirds of it; MNIST's digits are light on dark, and a picture with light edges is "
      "turned into its negative",
      [&](const Program::Words& words) { predict_digits(program, settings, words); });
  return program.run(argc, argv, [&] { train(program, settings); });
}
