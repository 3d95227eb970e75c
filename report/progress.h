// Progress: how far a training run is. On a terminal a bar with rate and time left, redrawn at most ten times a second:
//   autoencoder 3/20 [=========>           ]  41%  61.2 steps/s  0:12 left  loss 0.0123
// and everywhere one line an epoch, as the lectures print it:
//   At Iteration : 3 / 20 ; Mean-Squared Error : 0.031610
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>

namespace gradus {

// Where progress is shown. Without `terminal` no control character is ever written.
struct Screen {
  std::ostream* out = nullptr;
  bool terminal = false;
  std::function<int()> columns;     // the terminal's width now
  std::function<double()> seconds;  // a clock
};
Screen standard_output();  // std::cout; a terminal where isatty says so

class Progress {
 public:
  Progress(std::string name, int epochs, std::int64_t steps_per_epoch, bool quiet = false,
           Screen screen = standard_output());
  ~Progress();  // clears the bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Call it after each step. NaN stands for no loss: on a GPU, reading it would make every step wait.
  void step(double loss = std::numeric_limits<double>::quiet_NaN());
  // Prints the epoch's line, which ends in `figures`.
  void end_epoch(std::string_view figures);

  const std::string& name() const { return name_; }
  int epoch() const { return epoch_; }  // that is under way, from 1

 private:
  void draw(double elapsed);
  void clear();

  std::string name_;
  int epochs_, epoch_ = 1;
  std::int64_t steps_per_epoch_, steps_ = 0;  // steps of this epoch
  bool quiet_;
  Screen screen_;
  double started_, drawn_ = -1, loss_ = std::numeric_limits<double>::quiet_NaN();
  std::size_t shown_ = 0;  // the length of the bar on the screen
};

}  // namespace gradus
