// What lectures 54 and 55 share: the adversarial training, step by step, and the grid of digits that shows how far it
// is.
#pragma once
#include <functional>

#include <gradus/examples/program_epochs.h>
#include <gradus/models/lecture54.h>

namespace gradus {

struct AdversarialSettings {
  int steps = 5000;
  int every = 250;  // steps between two rows of metrics.csv, and two grids
  lecture54::Form form = lecture54::Form::method;
};

// Images [n, 784] of a data set in shuffled batches on the run's device.
DataLoader flat_batches(const Program& program, const Dataset& data, bool shuffle);

// The points whose digits are drawn, [100, z] on the CPU: number 25k + 5i + j of slide_points() is
// (0.4 (i + 1) p[k], 0.4 (j + 1) q[k]) with i and j from 0 to 4, p = (-1, 1, -1, 1) and q = (-1, 1, 1, -1);
// normal_points are drawn from N(0, 1), and the same for a seed whatever else is drawn.
Tensor slide_points();
Tensor normal_points(Index z, std::uint64_t seed);

// Digits P(z) at these points [n, z]: [n, 784]. P is in eval mode meanwhile.
Tensor draw_digits(lecture54::PNet P, const Tensor& points);

// Ink dark on white, ten in a row.
Image digit_grid(const Tensor& digits);

// The steps: a row of metrics.csv for each phase, and a grid of digits, a frame of the report's film, at step 1 (the
// grid alone) and after every `every` steps and the last one. `at_grid(step, digits)`, where there is one, is called
// with each grid. Nothing is written before the first row, step 1's grid neither: a run whose loss is NaN by then
// leaves an earlier run's files alone.
void train_adversarial(Program& program, lecture54::AdversarialAutoencoder& net, DataLoader& loader,
                       const Tensor& points, const AdversarialSettings& settings,
                       const std::function<void(int step, const Tensor& digits)>& at_grid = {});

}  // namespace gradus
