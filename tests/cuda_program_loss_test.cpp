// Losses on the GPU: nothing is read from it, and nothing waits, before somebody asks.
#include <cmath>
#include <limits>

#include <gradus/core/ops.h>
#include <gradus/examples/program_loss.h>
#include <gradus/kernels/cuda.h>

#include "lecture_run.h"
#include "loss_paths.h"
#include "mnist_files.h"
#include "program_trial.h"

using namespace gradus;

namespace {

const Device gpu{Device::Type::cuda, 0};

long copies() { return kernels::kernel_launches("copy_to_host"); }

}  // namespace

TEST_CASE("losses stay on the GPU until their mean is asked for", "[loss_meter]") {
  LossMeter meter("generator", gpu, 3000);
  double sum = 0;
  const Tensor loss = scalar(0, {float32, gpu}), one = scalar(1, {float32, gpu});
  const long before = copies();
  for (int i = 0; i < 2500; ++i) {  // in one buffer, as a step that runs as a graph has it
    NoGrad guard;
    loss.detach().add_(one);
    meter.add(loss, 2);
    sum += i + 1;
  }
  CHECK(copies() == before);
  CHECK(meter.mean() == sum / 2500);
  CHECK(copies() == before + 3);  // a page of 1024 each
  meter.add(scalar(0.25, {float64, gpu}));
  CHECK(meter.mean() == 0.25);
}

TEST_CASE("the first bad loss on the GPU is named when the losses are read", "[loss_meter]") {
  const double undefined = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const bool mean : {false, true}) {
    LossMeter meter("generator", gpu, 5000);
    for (int i = 0; i < 250; ++i) meter.add(scalar(1, gpu));
    CHECK(meter.mean() == 1);
    for (const double loss : {1.0, 2.0, infinity, undefined, 1.0}) meter.add(scalar(loss, gpu));
    const std::string message = message_of([&] { mean ? (void)meter.mean() : meter.check(); });
    CHECK(message.find("generator: the loss is inf at step 253 of 5000; nothing was written since the last row of "
                       "metrics.csv; ") == 0);
  }
}

TEST_CASE("of a step's phases the first bad one is named, whichever is read first", "[loss_meter]") {
  const double good = 1, bad = std::numeric_limits<double>::quiet_NaN();
  const auto message = [](const std::vector<std::vector<double>>& steps) {
    LossMeter first("first", gpu, 9), second("second", gpu, 9);
    for (const std::vector<double>& losses : steps) {
      first.add(scalar(losses[0], gpu));
      second.add(scalar(losses[1], gpu));
    }
    return message_of([&] { LossMeter::check({&first, &second}); });
  };
  CHECK(message({{good, good}}).empty());
  CHECK(message({{good, good}, {good, bad}, {bad, bad}}).starts_with("second: the loss is nan at step 2 of 9;"));
  CHECK(message({{good, good}, {bad, good}, {bad, bad}}).starts_with("first: the loss is nan at step 2 of 9;"));
  CHECK(message({{bad, bad}}).starts_with("first: the loss is nan at step 1 of 9;"));
}

TEST_CASE("every phase names the step whose loss is NaN, on the GPU", "[loss_meter]") { check_loss_paths(gpu); }

TEST_CASE("an epoch on the GPU reads its losses once, however many steps it has") {
  for (const Index n : {3, 40}) {
    DataLoader loader({zeros({n, 4}), zeros({n}, int64)}, {.batch_size = 1, .device = gpu});
    Progress progress("training", 1, loader.size(), true);
    const long before = copies();
    const double loss = run_epoch(loader, progress, [](const Tensor& x, const Tensor&) { return mean(x + 2); });
    CHECK(loss == 2);
    CHECK(copies() == before + 1);
  }
}

TEST_CASE("lecture 20's program stops for a NaN on the GPU, too") {
  const std::string name = "lecture20_denoising_autoencoder";
  TempDir dir;
  write_small_mnist(dir.path());
  const auto errors = dir.path() / "errors";
  const LectureRun bad(name, "--quiet --device cuda --batch-size 2 --data '" + dir.path().string() +
                                 "' --epochs 2 --l1-form sum --l1-weight 1e308 2>'" + errors.string() + "'");
  CHECK(bad.exit_code() == 1);
  CHECK(content(errors).find(name + ": autoencoder: the loss is nan at epoch 1, step 2 of 3; nothing of this ") == 0);
  for (const char* file : {"metrics.csv", "results.json", "report.html", "autoencoder.safetensors"})
    CHECK(!bad.wrote(file));
}
