// The adversarial training that the programs of lectures 54 and 55 share: its points, its grids, its rows, and how it
// ends early.
#include <csignal>
#include <limits>

#include <gradus/core/ops.h>
#include <gradus/examples/program_adversarial.h>

#include "catch.h"
#include "program_trial.h"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

const lecture54::Sizes small{.pixels = 784, .neurons = 9, .critic_neurons = 7, .z = 2};

Dataset few_images(Index n) {
  Generator from(3);
  return {rand({n, 784}, {}, from), zeros({n}, int64)};
}

std::vector<std::string> lines(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

// What a training of 7 steps with a row every 3 leaves; `at_grid` as train_adversarial's.
struct Run {
  Trial trial;
  std::vector<int> grids;
  int code = 0;
  bool saved = false;

  explicit Run(const Dataset& data, const std::function<void(int)>& at_grid = {}) {
    code = trial.run({"--quiet"}, [&](Program& program) {
      program.options.batch_size = 2;
      manual_seed(5);
      lecture54::AdversarialAutoencoder net(small);
      program.on_interrupt([&] { saved = true; });
      DataLoader loader = flat_batches(program, data, false);
      train_adversarial(program, net, loader, slide_points(), {.steps = 7, .every = 3}, [&](int step, const Tensor&) {
        grids.push_back(step);
        if (at_grid) at_grid(step);
      });
    });
  }
  bool wrote(const std::string& name) const { return fs::exists(trial.folder / name); }
};

}  // namespace

TEST_CASE("the slide's points lie on four grids, in the order of the slide") {
  const Tensor points = slide_points();
  REQUIRE(points.shape() == Shape{100, 2});
  const std::vector<float> at = points.to_vector<float>();
  const auto is = [&](int number, double x, double y) {
    CAPTURE(number);
    CHECK(at[2 * number] == Approx(x));
    CHECK(at[2 * number + 1] == Approx(y));
  };
  is(0, -0.4, -0.4);          // k = 0, i = 0, j = 0
  is(3, -0.4, -1.6);          // j counts in y
  is(15, -1.6, -0.4);         // i counts in x
  is(25 + 20 + 0, 2.0, 0.4);  // k = 1: both positive
  is(50 + 5 + 3, -0.8, 1.6);  // k = 2: left and up
  is(75 + 0 + 4, 0.4, -2.0);  // k = 3: right and down
}

TEST_CASE("the points of other codes are normal, a seed's own, and draw nothing from the run's generator") {
  manual_seed(1);
  const Tensor first = normal_points(50, 7);
  CHECK(default_generator().offset == 0);
  CHECK(first.shape() == Shape{100, 50});
  manual_seed(2);
  randn({3});
  CHECK(normal_points(50, 7).to_vector<float>() == first.to_vector<float>());
  CHECK(normal_points(50, 8).to_vector<float>() != first.to_vector<float>());
  CHECK(mean(first).item() == Approx(0).margin(0.06));
  CHECK(mean(square(first)).item() == Approx(1).margin(0.08));
}

TEST_CASE("digits are drawn in eval mode, and P is left in the mode that it was in") {
  manual_seed(1);
  lecture54::PNet P(small);
  for (const bool training : {true, false}) {
    P.train(training);
    const Tensor once = draw_digits(P, slide_points()), again = draw_digits(P, slide_points());
    CHECK(once.to_vector<float>() == again.to_vector<float>());  // without dropout
    CHECK(P.training() == training);
  }
}

TEST_CASE("the grid has ink dark on white, ten digits in a row") {
  Tensor digits = zeros({100, 784});
  {
    NoGrad guard;
    digits.rows(13, 14).fill_(1);  // all ink: the second row's fourth
  }
  const Image grid = digit_grid(digits);
  const auto shade = [&](int column, int row) {  // in the middle of a digit
    return int(grid((2 * column + 1) * grid.width() / 20, (2 * row + 1) * grid.height() / 20).r);
  };
  for (int row = 0; row < 10; ++row) {
    for (int column = 0; column < 10; ++column) {
      CAPTURE(row, column);
      CHECK(shade(column, row) == (row == 1 && column == 3 ? 0 : 255));
    }
  }
}

TEST_CASE("a row for each phase and a grid come every so many steps, at the first one and at the last") {
  const Dataset data = few_images(6);
  const Run run(data);
  CHECK(run.code == 0);
  CHECK(run.grids == std::vector<int>{1, 3, 6, 7});
  for (const char* name : {"digits_00001.png", "digits_00003.png", "digits_00006.png", "digits_00007.png"}) {
    CHECK(run.wrote(name));
  }
  const std::vector<std::string> rows = lines(run.trial.folder / "metrics.csv");
  REQUIRE(rows.size() == 1 + 3 * 3);

  // The same steps by hand: a row has the mean of the losses since the one before.
  manual_seed(5);
  lecture54::AdversarialAutoencoder net(small);
  lecture54::Optimizers optimizers(net);
  double sum = 0;
  int count = 0;
  std::size_t row = 1;
  for (int step = 1; step <= 7; ++step) {
    const Index begin = 2 * ((step - 1) % 3);
    const Tensor x = data.images.rows(begin, begin + 2);
    sum += lecture54::reconstruction_step(net, optimizers, x).item();
    lecture54::discriminator_step(net, optimizers, x, randn({2, 2}));
    lecture54::generator_step(net, optimizers, x);
    ++count;
    if (step != 3 && step != 6 && step != 7) continue;
    const std::string start = "reconstruction," + std::to_string(step) + ",";
    CAPTURE(rows[row]);
    REQUIRE(rows[row].starts_with(start));
    CHECK(std::stod(rows[row].substr(start.size())) == Approx(sum / count));
    CHECK(rows[row + 1].starts_with("discriminator," + std::to_string(step) + ","));
    CHECK(rows[row + 2].starts_with("generator," + std::to_string(step) + ","));
    sum = count = 0;
    row += 3;
  }
}

TEST_CASE("a loss that is NaN ends the training with its phase and step, before anything is written") {
  Dataset data = few_images(14);
  {
    NoGrad guard;
    data.images.rows(3, 4).fill_(std::numeric_limits<double>::quiet_NaN());  // in the second step's batch
  }
  const Run run(data);
  CHECK(run.code == 1);
  CHECK(run.trial.err.starts_with("trial: reconstruction: the loss is nan at step 2 of 7; nothing was written since "));
  CHECK(run.grids.empty());
  CHECK_FALSE(run.wrote("digits_00001.png"));
  CHECK_FALSE(run.wrote("metrics.csv"));
}

TEST_CASE("Ctrl-C finishes the step and its three phases, and keeps the rows and grids that there are") {
  const Run run(few_images(6), [](int step) {
    if (step == 6) ::raise(SIGINT);
  });
  CHECK(run.code == 130);
  CHECK(run.saved);
  CHECK(run.grids == std::vector<int>{1, 3, 6});
  CHECK(lines(run.trial.folder / "metrics.csv").size() == 1 + 2 * 3);
  CHECK(run.wrote("report.html"));
  CHECK_FALSE(run.wrote("results.json"));
}

TEST_CASE("Ctrl-C before the first row keeps the first step's grid") {
  Trial trial;
  const int code = trial.run({"--quiet"}, [&](Program& program) {
    program.options.batch_size = 2;
    lecture54::AdversarialAutoencoder net(small);
    DataLoader loader = flat_batches(program, few_images(6), false);
    ::raise(SIGINT);
    train_adversarial(program, net, loader, slide_points(), {.steps = 7, .every = 3});
  });
  CHECK(code == 130);
  CHECK(fs::exists(trial.folder / "digits_00001.png"));
  CHECK_FALSE(fs::exists(trial.folder / "metrics.csv"));
}
