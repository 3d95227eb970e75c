// Losses: their means, and the end of a run where one is NaN or infinite, before it overwrites anything.
#include <limits>
#include <map>

#include <gradus/core/safetensors.h>
#include <gradus/examples/program_loss.h>

#include "cifar10_files.h"
#include "lecture_run.h"
#include "loss_paths.h"
#include "program_trial.h"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

const double undefined = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

// Each file under `folder`, and what is in it.
std::map<std::string, std::string> files(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) all[entry.path().string()] = content(entry.path());
  return all;
}

const std::string hint = "too large numbers in data or options, or too high a learning rate, do that";

}  // namespace

TEST_CASE("a mean of losses has their weights, and starts anew", "[loss_meter]") {
  LossMeter meter("generator");
  meter.add(scalar(1), 3);
  meter.add(scalar(5, float64), 1);
  CHECK(meter.mean() == 2);
  meter.add(tensor({0.5}));
  CHECK_NOTHROW(meter.check());
  meter.add(tensor({1.5}).requires_grad_());
  CHECK(meter.mean() == 1);
  CHECK(message_of([&] { meter.mean(); }) == "generator: there is no loss to take the mean of");
}

TEST_CASE("a loss that is NaN or infinite is an error with phase, epoch and step", "[loss_meter]") {
  LossMeter meter("autoencoder", cpu, 60, 3);
  for (int i = 0; i < 16; ++i) meter.add(scalar(1));
  CHECK(message_of([&] { meter.add(scalar(undefined)); }) ==
        "autoencoder: the loss is nan at epoch 3, step 17 of 60; nothing of this epoch was written; " + hint);
  CHECK(message_of([&] { LossMeter("a", cpu, 0, 1).add(scalar(infinity, float64)); }) ==
        "a: the loss is inf at epoch 1, step 1; nothing of this epoch was written; " + hint);
  LossMeter steps("generator", cpu, 5000);
  for (int i = 0; i < 500; ++i) {
    steps.add(scalar(1));
    if (i % 250 == 249) steps.mean();  // its count goes on
  }
  NoGrad guard;
  CHECK(
      message_of([&] { steps.add(scalar(-infinity)); }) ==
      "generator: the loss is -inf at step 501 of 5000; nothing was written since the last row of metrics.csv; look at "
      "the saved network and the data");
}

TEST_CASE("every phase stops at the step whose loss is NaN", "[loss_meter]") { check_loss_paths(cpu); }

TEST_CASE("a program whose loss is NaN in its first epoch leaves an earlier run's files", "[program]") {
  const std::string name = "lecture20_denoising_autoencoder";
  TempDir dir;
  write_small_mnist(dir.path());
  const std::string data = "--quiet --batch-size 2 --data '" + dir.path().string() + "' ";
  const LectureRun good(name, data + "--epochs 1 --classifier-epochs 1");
  REQUIRE(good.succeeded());
  const fs::path out = fs::path(good.path("x")).parent_path(), errors = dir.path() / "errors";
  const auto before = files(out);
  CHECK(before.size() >= 10);
  const LectureRun bad(
      name, data + "--out '" + out.string() + "' --l1-form sum --l1-weight 1e308 2>'" + errors.string() + "'", "_bad");
  CHECK(bad.exit_code() == 1);
  CHECK(content(errors) == name +
                               ": autoencoder: the loss is nan at epoch 1, step 2 of 3; nothing of this epoch was "
                               "written; " +
                               hint + "\n");
  CHECK(files(out) == before);
}

TEST_CASE("a saved network that gives NaN is said so by --evaluate", "[program]") {
  TempDir dir;
  write_small_mnist(dir.path());
  write_small_cifar10(dir.path());
  for (const std::string name : {"lecture20_denoising_autoencoder", "lecture32_convolutional_autoencoder"}) {
    const std::string data = "--quiet --batch-size 2 --data '" + dir.path().string() + "' ";
    const LectureRun run(name, data + "--epochs 0 --classifier-epochs 0");
    REQUIRE(run.succeeded());
    NamedTensors state = load_safetensors(run.path("autoencoder.safetensors"));
    {
      NoGrad guard;
      state.back().second.fill_(undefined);
    }
    save_safetensors((dir.path() / "bad.safetensors").string(), state);
    const fs::path errors = dir.path() / "errors";
    const LectureRun bad(
        name, data + "--evaluate '" + (dir.path() / "bad.safetensors").string() + "' 2>'" + errors.string() + "'",
        "_bad");
    CHECK(bad.exit_code() == 1);
    CHECK(contains(content(errors), name + ": test set: the loss is nan at epoch 1, step 1 of "));
    CHECK(contains(content(errors), "; look at the saved network and the data\n"));
    CHECK(!bad.wrote("results.json"));
  }
}
