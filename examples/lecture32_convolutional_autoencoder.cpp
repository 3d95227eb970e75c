// Lecture 32: a convolutional autoencoder on CIFAR-10, and the classifier made from it. The networks and the two
// training steps are in models/lecture32.h; docs/lectures/lecture32.md compares what comes out with the slides.
#include <gradus/core/error.h>
#include <gradus/core/ops.h>
#include <gradus/core/step_graph.h>
#include <gradus/data/cifar10.h>
#include <gradus/models/lecture32.h>
#include <gradus/optim/adam.h>
#include <gradus/report/tiles.h>

#include "program_models.h"

using namespace gradus;
using lecture32::Autoencoder;
using lecture32::Classifier;

namespace {

struct Settings {
  int epochs = 5, classifier_epochs = 5;
  bool align_corners = false;
};

Autoencoder make_autoencoder(const Program& program, const Settings& settings) {
  Autoencoder net({.align_corners = settings.align_corners});
  net.to(program.options.device);
  return net;
}

// A fresh one, mirrored where it could not learn otherwise: models/lecture32.h, Note [Born dead].
Autoencoder draw_autoencoder(Program& program, const Settings& settings, const Dataset& data) {
  const Autoencoder net = make_autoencoder(program, settings);
  const bool dead = !is_alive(net, data.images.rows(0, std::min<Index>(50, data.size())).to(program.options.device));
  if (dead) {
    mirror_last_layer(net);
    program.say(
        "The network drawn gives 0 for all but a few pixels and would not learn: its last layer's signs are "
        "turned\n\n");
  }
  program.result("mirrored", dead);
  return net;
}

DataLoader batches(const Program& program, const Dataset& data, bool shuffle) {
  return DataLoader(data, {.batch_size = program.options.batch_size,
                           .shuffle = shuffle,
                           .seed = program.options.seed,
                           .device = program.options.device});
}

Tensor first_kernels(const Module& net, const std::string& name) {
  return net.get_parameter(name).detach().to(cpu).clone();
}

// The first layer's 64 kernels as colour tiles, before training, after it, and the difference: |w|, as on the slide.
void draw_kernels(Program& program, const std::string& phase, const Tensor& before, const Tensor& after) {
  const auto panel = [](const Tensor& w) {
    const Tensor size = abs(w);
    return tiles(size, grey(0, std::max(max(size).item(), 1e-12)), {.columns = 8, .zoom = 8, .gap = 2});
  };
  program.picture("kernels_" + phase + ".png",
                  "The magnitudes of the first layer's 64 kernels, red, green and blue, before and after the " + phase +
                      "'s training; in each panel 1 is its largest.",
                  {{"initial", panel(before)}, {"trained", panel(after)}, {"difference", panel(after - before)}});
}

// Pictures of the test set, and what the network makes of them.
void draw_reconstructions(Program& program, const Autoencoder& net, const Dataset& data) {
  NoGrad guard;
  const Tensor images = data.images.rows(0, std::min<Index>(64, data.size())).to(program.options.device);
  const TileOptions eight{.columns = 8, .zoom = 2};
  program.picture(
      "reconstructions.png", "Pictures of the test set, and what the network makes of them.",
      {{"originals", tiles(images, grey(), eight)}, {"reconstructions", tiles(net(images), grey(), eight)}});
}

void train_autoencoder(Program& program, const Settings& settings, const Autoencoder& net, DataLoader& loader) {
  Adam optimizer(net.parameters(), {.lr = 1e-3});
  const auto images_step = [&](const Tensor& images) { return lecture32::autoencoder_step(net, optimizer, images); };
  StepGraph step(images_step, !program.options.plain);
  Progress progress("autoencoder", settings.epochs, loader.size(), program.options.quiet);
  for (int epoch = 1; epoch <= settings.epochs; ++epoch) {
    const Stopwatch watch;
    const double loss = run_epoch(loader, progress, [&](const Tensor& images, const Tensor&) { return step(images); });
    progress.end_epoch(formatted("Mean-Squared Error : %f", loss));
    program.record({"autoencoder", epoch, loss, {}, watch.seconds()});
    program.result("autoencoder_loss", loss);
  }
}

void train_classifier(Program& program, const Settings& settings, const Classifier& net, DataLoader& loader,
                      DataLoader& test_loader, const std::vector<std::string>& classes) {
  Adam optimizer(net.parameters(), {.lr = 1e-3});
  const auto labelled_step = [&](const Tensor& images, const Tensor& labels) {
    return lecture32::classifier_step(net, optimizer, images, labels);
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

void train(Program& program, const Settings& settings) {
  const DataSource data = read_data(program, DataSet::cifar10);
  check(program.options.batch_size <= data.train.size(), "--batch-size", "a batch of ", program.options.batch_size,
        " was asked for, there are ", data.train.size(), " training images");
  DataLoader train_loader = batches(program, data.train, true), test_loader = batches(program, data.test, false);

  const Autoencoder net = draw_autoencoder(program, settings, data.train);
  program.log() << net << "\n" << net.number_of_parameters() << " parameters\n\n";
  const Tensor fresh = first_kernels(net, "conv_encoder.0.weight");
  program.on_interrupt([&] { save_model(program, "autoencoder", net); });
  train_autoencoder(program, settings, net, train_loader);
  save_model(program, "autoencoder", net);
  draw_reconstructions(program, net, data.test);
  const Tensor trained = first_kernels(net, "conv_encoder.0.weight");
  draw_kernels(program, "autoencoder", fresh, trained);

  if (settings.classifier_epochs > 0) {
    const Classifier classifier(net);
    program.log() << "\n" << classifier << "\n" << classifier.number_of_parameters() << " parameters\n\n";
    program.on_interrupt([&] { save_model(program, "classifier", classifier); });
    train_classifier(program, settings, classifier, train_loader, test_loader, data.train.classes);
    save_model(program, "classifier", classifier);
    draw_kernels(program, "classifier", trained, first_kernels(classifier, "conv.0.weight"));
  }
}

// What a saved network reaches on the test set: the classifier its accuracy, the autoencoder its error.
void evaluate(Program& program, const Settings& settings, const std::string& file) {
  NoGrad guard;
  const Autoencoder net = make_autoencoder(program, settings);
  const Classifier classifier(net);
  const bool classifies = load_model(program, file, {net, classifier}) == 1;
  const Dataset data = read_data(program, DataSet::cifar10).test;
  DataLoader loader = batches(program, data, false);
  if (classifies) return report_accuracy(program, test_accuracy(classifier, loader, data.classes));
  Progress progress("test set", 1, loader.size(), program.options.quiet);
  const double loss =
      run_epoch(loader, progress, [&](const Tensor& images, const Tensor&) { return mse_loss(net(images), images); });
  progress.end_epoch(formatted("Mean-Squared Error : %f", loss));
  program.result("loss", loss);
}

void predict_classes(Program& program, const Settings& settings, const Program::Words& words) {
  const Classifier classifier(make_autoencoder(program, settings));
  load_model(program, words[0], {classifier});
  predict(program, classifier, cifar10_classes(), {.channels = 3, .side = 32}, std::span(words).subspan(1));
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  Program program("lecture32_convolutional_autoencoder",
                  "Lecture 32: trains a convolutional autoencoder on CIFAR-10, then a classifier from its encoder.",
                  {.out = "out/lecture32", .batch_size = 2000});
  program.title = "A convolutional autoencoder, and a classifier from it";
  program.option("--epochs", settings.epochs,
                 "epochs of the autoencoder; 0 skips it: the classifier then starts from a fresh encoder", 0);
  program.option("--classifier-epochs", settings.classifier_epochs, "epochs of the classifier; 0 skips it", 0);
  program.flag("--align-corners", settings.align_corners,
               "upsample with align_corners, as the lecture's PyTorch of 2017 did");
  program.instead("--evaluate", "FILE",
                  "test a saved network: autoencoder.safetensors or classifier.safetensors of --out",
                  [&](const Program::Words& words) { evaluate(program, settings, words[0]); });
  program.instead("--predict", "FILE IMAGE.png...",
                  "name what PNG pictures of 32x32 pixels or larger show, by a saved classifier",
                  [&](const Program::Words& words) { predict_classes(program, settings, words); });
  return program.run(argc, argv, [&] { train(program, settings); });
}
