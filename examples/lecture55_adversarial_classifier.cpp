// Lecture 55: a classifier of MNIST's digits from the encoder of an adversarial autoencoder. The networks and the
// training steps are in models/lecture54.h and lecture55.h, the adversarial part is in program_adversarial.cpp;
// docs/lectures/lecture55.md compares what comes out with the slides.
#include <gradus/core/ops.h>
#include <gradus/core/step_graph.h>
#include <gradus/data/digits.h>
#include <gradus/models/lecture55.h>

#include "program_adversarial.h"
#include "program_models.h"

using namespace gradus;
using lecture54::AdversarialAutoencoder;
using lecture55::Classifier;

namespace {

struct Settings {
  int steps = 50, classifier_epochs = 10;
  std::string from;  // a network of lecture 54, or empty
  bool freeze_encoder = false;
};

AdversarialAutoencoder make_network(const Program& program) {
  AdversarialAutoencoder net({.z = lecture55::code});
  net.to(program.options.device);
  return net;
}

void train_adversarially(Program& program, const Settings& settings, AdversarialAutoencoder& net, DataLoader& loader) {
  if (!settings.from.empty()) {
    load_model(program, settings.from, {net});
    return program.say("The encoder starts from %s\n\n", settings.from.c_str());
  }
  program.on_interrupt([&] { save_model(program, "adversarial", net); });
  program.epoch_name = "step";
  train_adversarial(program, net, loader, normal_points(lecture55::code, program.options.seed),
                    {.steps = settings.steps, .every = 10});
  save_model(program, "adversarial", net);
}

// In train mode but for the tests, and in eval mode afterwards.
void train_classifier(Program& program, const Settings& settings, Classifier& net, DataLoader& loader,
                      DataLoader& test_loader) {
  if (settings.freeze_encoder) net.l1.requires_grad_(false);
  Adam optimizer(settings.freeze_encoder ? net.l2.parameters() : net.parameters(), {.lr = 1e-4});
  const auto labelled_step = [&](const Tensor& x, const Tensor& labels) {
    return lecture55::classifier_step(net, optimizer, x, labels);
  };
  StepGraph step(labelled_step, !program.options.plain);
  Progress progress("classifier", settings.classifier_epochs, loader.size(), program.options.quiet);
  for (int epoch = 1; epoch <= settings.classifier_epochs; ++epoch) {
    const Stopwatch watch;
    net.train();
    const double loss = run_epoch(loader, progress, step);
    net.eval();
    const ClassAccuracy accuracy = test_accuracy(net, test_loader, digit_classes());
    progress.end_epoch(formatted("Train Error : %f ; Test Accuracy : %f", loss, accuracy.overall()));
    program.record({"classifier", epoch, loss, accuracy.overall(), watch.seconds()});
    program.result("classifier_loss", loss);
    if (epoch == settings.classifier_epochs) report_accuracy(program, accuracy);
  }
}

void train(Program& program, const Settings& settings) {
  const DataSource data = read_data(program, DataSet::mnist);
  DataLoader train_loader = flat_batches(program, data.train, true);
  DataLoader test_loader = flat_batches(program, data.test, false);

  AdversarialAutoencoder net = make_network(program);
  program.log() << net << "\n" << net.number_of_parameters() << " parameters\n\n";
  train_adversarially(program, settings, net, train_loader);

  if (settings.classifier_epochs > 0) {
    Classifier classifier(net.Q);
    program.log() << "\n" << classifier << "\n" << classifier.number_of_parameters() << " parameters\n\n";
    program.on_interrupt([&] { save_model(program, "classifier", classifier); });
    program.epoch_name = "epoch";
    train_classifier(program, settings, classifier, train_loader, test_loader);
    save_model(program, "classifier", classifier);
  }
}

Classifier load_classifier(Program& program, const std::string& file) {
  Classifier net(make_network(program).Q);
  load_model(program, file, {net});
  net.eval();
  return net;
}

void evaluate(Program& program, const std::string& file) {
  const Classifier net = load_classifier(program, file);
  DataLoader loader = flat_batches(program, read_data(program, DataSet::mnist).test, false);
  report_accuracy(program, test_accuracy(net, loader, digit_classes()));
}

void predict_digits(Program& program, const Program::Words& words) {
  const Classifier classifier = load_classifier(program, words[0]);
  const auto net = [&](const Tensor& images) { return classifier(images.flatten(1)); };
  predict(program, net, digit_classes(), {.channels = 1, .side = 28, .light_on_dark = true},
          std::span(words).subspan(1));
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  Program program("lecture55_adversarial_classifier",
                  "Lecture 55: trains an adversarial autoencoder on MNIST for a few steps, then a classifier from its "
                  "encoder.",
                  {.out = "out/lecture55", .batch_size = 100});
  program.title = "A classifier from an adversarial autoencoder";
  program.option("--steps", settings.steps, "adversarial steps; 0 skips them: the classifier's encoder is then fresh",
                 0);
  program.option("--classifier-epochs", settings.classifier_epochs, "epochs of the classifier; 0 skips it", 0);
  program.option("--from", settings.from,
                 "lecture 54's adversarial.safetensors, trained with --z 100: its encoder, instead of --steps");
  program.flag("--freeze-encoder", settings.freeze_encoder, "train the classifier's last layer alone");
  program.instead("--evaluate", "FILE", "test a saved network: classifier.safetensors of --out",
                  [&](const Program::Words& words) { evaluate(program, words[0]); });
  program.instead("--predict", "FILE IMAGE.png...",
                  "name the digits in PNG pictures of 28x28 pixels or larger, by a saved classifier",
                  [&](const Program::Words& words) { predict_digits(program, words); });
  return program.run(argc, argv, [&] { train(program, settings); });
}
