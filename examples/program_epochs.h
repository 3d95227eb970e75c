// What the lectures' programs do with a data set: find it, and train and test a network, batch by batch.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include <gradus/data/loader.h>
#include <gradus/data/source.h>
#include <gradus/examples/program.h>
#include <gradus/examples/program_loss.h>
#include <gradus/report/progress.h>

namespace gradus {

// find_data for the run: what the data are is printed, and is among the results.
DataSource read_data(Program& program, DataSet wanted);

// Runs step(images, labels) on each batch of an epoch, and returns the mean of the losses that it returns, each
// weighted by its batch's size. Throws Error where one is NaN or infinite (LossMeter). Ctrl-C
// ends the run after a step.
template <class Step>
double run_epoch(DataLoader& loader, Progress& progress, Step&& step) {
  const Device device = loader.options().device;
  LossMeter meter(progress.name(), device, loader.size(), progress.epoch());
  for (const Batch& batch : loader) {
    const Tensor loss = step(batch.images, batch.labels);
    meter.add(loss, batch.size);
    device == cpu ? progress.step(loss.item()) : progress.step();
    if (interrupted()) meter.check();  // no network of NaN is saved
    stop_if_interrupted();
  }
  return meter.mean();
}

using Network = std::function<Tensor(const Tensor&)>;  // images [n, ...] -> a score for each class [n, classes]

// How many images get the highest score for their own class.
ClassAccuracy test_accuracy(const Network& net, DataLoader& loader, const std::vector<std::string>& classes);

// Puts an accuracy among the run's results, and prints it under the lectures' table of the classes.
void report_accuracy(Program& program, const ClassAccuracy& accuracy);

}  // namespace gradus
