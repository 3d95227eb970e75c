#include <gradus/core/step_graph.h>
#include <gradus/examples/program_adversarial.h>

#include <utility>
#include <vector>

#include <gradus/core/cuda.h>
#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/examples/program_interrupt.h>
#include <gradus/examples/program_loss.h>

namespace gradus {

using lecture54::AdversarialAutoencoder;

DataLoader flat_batches(const Program& program, const Dataset& data, bool shuffle) {
  const Dataset flat{data.images.flatten(1), data.labels};
  return DataLoader(flat, {.batch_size = program.options.batch_size,
                           .shuffle = shuffle,
                           .seed = program.options.seed,
                           .device = program.options.device});
}

Tensor slide_points() {
  const double p[] = {-1, 1, -1, 1}, q[] = {-1, 1, 1, -1};
  std::vector<float> points;
  for (int k = 0; k < 4; ++k) {
    for (int i = 0; i < 5; ++i) {
      for (int j = 0; j < 5; ++j) {
        points.push_back(static_cast<float>(0.4 * (i + 1) * p[k]));
        points.push_back(static_cast<float>(0.4 * (j + 1) * q[k]));
      }
    }
  }
  return tensor(std::span<const float>(points), {100, 2});
}

Tensor normal_points(Index z, std::uint64_t seed) {
  Generator from(seed);
  from.offset = std::uint64_t{1} << 61;  // Note [Streams] in data/digits.cpp
  return randn({100, z}, {}, from);
}

Tensor draw_digits(lecture54::PNet P, const Tensor& points) {
  NoGrad guard;
  const bool training = P.training();
  P.eval();
  const Tensor digits = P(points.to(P.lin1.weight.device()));
  P.train(training);
  return digits;
}

Image digit_grid(const Tensor& digits) { return tiles(1 - digits, grey(), {.columns = 10, .shades = 32}); }

void train_adversarial(Program& program, AdversarialAutoencoder& net, DataLoader& loader, const Tensor& points,
                       const AdversarialSettings& settings,
                       const std::function<void(int step, const Tensor& digits)>& at_grid) {
  lecture54::Optimizers optimizers(net);
  // The phases of a step, and what has come together of each since the last row.
  struct Phase {
    std::string name;
    StepGraph step;  // on images
    LossMeter loss;
    double seconds = 0;
  };
  const auto phase_of = [&](const char* name, const std::function<Tensor(const Tensor&)>& phase_step) {
    return Phase{name, StepGraph(phase_step, !program.options.plain),
                 LossMeter(name, program.options.device, settings.steps)};
  };
  const auto discriminator = [&](const Tensor& x) {
    const Tensor z = randn({x.size(0), points.size(1)}, x.options());
    return discriminator_step(net, optimizers, x, z, settings.form);
  };
  Phase phases[] = {
      phase_of("reconstruction", [&](const Tensor& x) { return reconstruction_step(net, optimizers, x); }),
      phase_of("discriminator", discriminator),
      phase_of("generator", [&](const Tensor& x) { return generator_step(net, optimizers, x, settings.form); })};
  const auto check_losses = [&] { LossMeter::check({&phases[0].loss, &phases[1].loss, &phases[2].loss}); };

  const int rows = settings.steps / settings.every + (settings.steps % settings.every != 0);
  Progress progress("adversarial", rows, settings.every, program.options.quiet);
  const bool on_gpu = !program.options.device.is_cpu();
  const auto wait = [&] {
    if (on_gpu) cuda::synchronize(program.options.device);
  };
  int step = 0, row_began = 0;
  std::vector<std::pair<int, Tensor>> grids;  // digits that were drawn and not written yet, and their steps
  const auto write_grids = [&] {
    for (const auto& [at, digits] : grids) {
      program.frame("digits", "Digits that P makes of 100 fixed points, as the training goes on.",
                    formatted("digits_%05d.png", at), digit_grid(digits));
      if (at_grid) at_grid(at, digits);
    }
    grids.clear();
  };
  const auto end_row = [&] {
    check_losses();  // before anything is written
    write_grids();
    std::string figures = formatted("Step : %d", step);
    std::vector<Epoch> row;
    for (Phase& phase : phases) {
      row.push_back({phase.name, step, phase.loss.mean(), {}, phase.seconds});
      program.result(phase.name + "_loss", row.back().loss);
      figures += formatted(" ; %s : %f", phase.name.c_str(), row.back().loss);
      phase.seconds = 0;
    }
    progress.end_epoch(figures);
    program.record(row);
    row_began = step;
  };
  while (step < settings.steps) {
    for (const Batch& batch : loader) {
      ++step;
      const bool ends_row = step % settings.every == 0 || step == settings.steps;
      // A GPU runs behind the host. It is waited for in a row's last step alone, whose times stand for all of the row.
      if (ends_row) wait();
      for (Phase& phase : phases) {
        const Stopwatch watch;
        phase.loss.add(phase.step(batch.images));
        if (ends_row) wait();
        if (!on_gpu) phase.seconds += watch.seconds();
        if (on_gpu && ends_row) phase.seconds = watch.seconds() * (step - row_began);
      }
      progress.step();
      if (step == 1 || ends_row) grids.emplace_back(step, draw_digits(net.P, points));
      if (ends_row) end_row();
      if (interrupted()) {
        check_losses();
        write_grids();
      }
      stop_if_interrupted();
      if (step == settings.steps) return;
    }
  }
}

}  // namespace gradus
