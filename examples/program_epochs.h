// What the lectures' programs do with a data set: find it, and train and test a network, batch by batch.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include <gradus/core/autograd.h>
#include <gradus/data/loader.h>
#include <gradus/data/source.h>
#include <gradus/examples/program.h>
#include <gradus/report/progress.h>

namespace gradus {

// find_data for the run: what the data are is printed, and is among the results.
DataSource read_data(Program& program, DataSet wanted);

// Runs step(images, labels) on each batch of an epoch, and returns the mean of the losses that it returns, each
// weighted by its batch's size.
template <class Step>
double run_epoch(DataLoader& loader, Progress& progress, Step&& step) {
  Tensor total = zeros({}, {float64, loader.options().device});
  Index images = 0;
  for (const Batch& batch : loader) {
    const Tensor loss = step(batch.images, batch.labels);
    NoGrad guard;
    total.add_(loss.to(float64), static_cast<double>(batch.size));
    images += batch.size;
    progress.step(loss.item());
  }
  return total.item() / static_cast<double>(images);
}

using Network = std::function<Tensor(const Tensor&)>;  // images [n, ...] -> a score for each class [n, classes]

// How many images get the highest score for their own class.
ClassAccuracy test_accuracy(const Network& net, DataLoader& loader, const std::vector<std::string>& classes);

// Puts an accuracy among the run's results, and prints it under the lectures' table of the classes.
void report_accuracy(Program& program, const ClassAccuracy& accuracy);

}  // namespace gradus
