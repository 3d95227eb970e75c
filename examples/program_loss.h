// LossMeter: the mean of a phase's losses, and the end of the run where one of them is NaN or infinite.
//
//   LossMeter meter("generator", program.options.device, settings.steps);
//   for (Index step = 1; step <= settings.steps; ++step) {
//     meter.add(lecture54::generator_step(...));
//     if (step % 250 == 0) program.record({"generator", step, meter.mean(), ...});
//   }
#pragma once
#include <string>
#include <vector>

#include <gradus/core/tensor.h>

namespace gradus {

// Note [Losses on a GPU]. Reading a loss would make every step wait for the GPU. So there the losses stay in its
// memory, and are read when check() or mean() wants them: a program calls one of them before it writes anything, and so
// loses nothing that was there, though it learns of a bad loss only then. The message names the first bad step, and of
// a step of several phases the first bad one, as on the CPU.
class LossMeter {
 public:
  // The losses lie on `device`. `steps`: how many are to come, where that is known, in the epoch `epoch`, or, where
  // that is 0, in all: lecture 54 knows no epochs.
  explicit LossMeter(std::string phase, Device device = cpu, Index steps = 0, Index epoch = 0);

  // A step's loss, of one element. Throws Error for NaN and infinity; on a GPU it neither waits nor throws.
  void add(const Tensor& loss, Index weight = 1);
  void check();   // throws Error where a loss that was added is NaN or infinite
  double mean();  // check(), then the mean since the last mean(), each loss with its weight. Throws Error for none

  // Where the phases of a step have a meter each, in their order: check() of all, which names the first bad one.
  static void check(const std::vector<LossMeter*>& meters);

 private:
  void take(double loss, Index weight);
  void read();                         // the pages
  [[noreturn]] void complain() const;  // of the first bad loss

  std::string phase_;
  Device device_;
  Index steps_, epoch_;
  Index taken_ = 0, weight_ = 0;  // steps, in all; weights, since the last mean()
  double total_ = 0;
  Index bad_step_ = 0;  // the first whose loss is NaN or infinite
  double bad_loss_ = 0;
  Tensors pages_;               // on a GPU: losses that were not read yet, page after page
  std::vector<Index> weights_;  // and their weights
};

}  // namespace gradus
