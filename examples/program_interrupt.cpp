#include <gradus/examples/program_interrupt.h>

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string_view>
#include <utility>

namespace gradus {

namespace {

std::atomic<int> first_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free);  // or a handler must not touch it

Interrupts* listener = nullptr;

void note(int signal) {
  const int error = errno;
  int none = 0;
  first_signal.compare_exchange_strong(none, signal);
  constexpr std::string_view words = "\nThe run ends after this step; once more, and it ends at once.\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, words.data(), words.size());
  errno = error;
}

void listen(int signal, struct sigaction& old) {
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);  // no read or write fails; the next one kills
  ::sigaction(signal, nullptr, &old);
  if (old.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupts::Interrupts(std::function<void()> save) : save_(std::move(save)) {
  first_signal = 0;
  listener = this;
  listen(SIGINT, old_int_);
  listen(SIGTERM, old_term_);
}

Interrupts::~Interrupts() {
  ::sigaction(SIGINT, &old_int_, nullptr);
  ::sigaction(SIGTERM, &old_term_, nullptr);
  listener = nullptr;
}

int Interrupts::signal() const { return first_signal; }

bool interrupted() { return listener != nullptr && first_signal != 0; }

void stop_if_interrupted() {
  if (!interrupted()) return;
  listener->save();  // here, where all that it refers to still lives
  throw Interrupted{};
}

}  // namespace gradus
