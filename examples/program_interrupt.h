// Ctrl-C, and SIGTERM: a run finishes its step, saves what it has, and ends. Program::run listens while it works.
#pragma once
#include <signal.h>

#include <functional>

namespace gradus {

// Whether the run has been asked to stop. A loop whose losses wait on a GPU checks its meters then, so that no network
// of NaN is saved (Note [Losses on a GPU]).
bool interrupted();

// Where it has: calls what Program::on_interrupt was given, and ends the run. For after each step of a loop; run_epoch
// and test_accuracy do so.
void stop_if_interrupted();

// How stop_if_interrupted leaves the work for Program::run. No std::exception, so that nobody takes it for an error.
struct Interrupted {};

// Listens while it lives; then the signals do again what they did before. A second signal of a kind ends the process as
// if nobody listened. What is ignored (by nohup, or in a script's background) stays ignored. There is one at a time.
class Interrupts {
 public:
  explicit Interrupts(std::function<void()> save);  // `save`: what is to be done before the work is left
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  int signal() const;  // that came first; 0: none
  void save() const { save_(); }

 private:
  std::function<void()> save_;
  struct sigaction old_int_ {
  }, old_term_{};
};

}  // namespace gradus
