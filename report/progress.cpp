#include <gradus/report/progress.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <utility>

namespace gradus {

namespace {

constexpr double seconds_between_drawings = 0.1;

int columns_of_terminal() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const int width = columns ? std::atoi(columns) : 0;
  return width > 0 ? width : 80;
}

std::string formatted(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// "0:12", "1:02:03".
std::string duration(double seconds) {
  const auto whole = static_cast<long long>(std::min(seconds, 1e9));
  const long long h = whole / 3600, m = whole / 60 % 60, s = whole % 60;
  char text[64];
  if (h > 0)
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", h, m, s);
  else
    std::snprintf(text, sizeof text, "%lld:%02lld", m, s);
  return text;
}

std::string bar(double fraction, std::size_t width) {
  const auto filled = std::min(width, static_cast<std::size_t>(fraction * static_cast<double>(width)));
  std::string text(width, ' ');
  std::fill_n(text.begin(), filled, '=');
  if (filled < width) text[filled] = '>';
  return " [" + text + "]";
}

}  // namespace

Screen standard_output() {
  const auto clock = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  return {&std::cout, ::isatty(STDOUT_FILENO) == 1, columns_of_terminal, clock};
}

Progress::Progress(std::string name, int epochs, std::int64_t steps_per_epoch, bool quiet, Screen screen)
    : name_(std::move(name)),
      epochs_(epochs),
      steps_per_epoch_(std::max<std::int64_t>(steps_per_epoch, 1)),
      quiet_(quiet),
      screen_(std::move(screen)),
      started_(screen_.seconds()) {}

Progress::~Progress() {
  try {
    clear();
  } catch (...) {  // a stream may throw; the bar then stays
  }
}

void Progress::step(double loss) {
  ++steps_;
  loss_ = loss;
  if (quiet_ || !screen_.terminal) return;
  const double elapsed = screen_.seconds() - started_;
  if (drawn_ >= 0 && elapsed - drawn_ < seconds_between_drawings) return;
  draw(elapsed);
  drawn_ = elapsed;
}

void Progress::end_epoch(std::string_view figures) {
  if (!quiet_) {
    clear();
    *screen_.out << "At Iteration : " << epoch_ << " / " << epochs_ << " ; " << figures << std::endl;
  }
  ++epoch_;
  steps_ = 0;
}

void Progress::draw(double elapsed) {
  const double per_epoch = static_cast<double>(steps_per_epoch_);
  const double fraction = std::min(static_cast<double>(steps_) / per_epoch, 1.0);
  const double done = (epoch_ - 1 + fraction) * per_epoch, left = std::max(epochs_ * per_epoch - done, 0.0);
  const std::string head = name_ + " " + std::to_string(epoch_) + "/" + std::to_string(epochs_);
  std::string tail = formatted(" %3.0f%%", std::floor(100 * fraction));
  if (elapsed > 0)
    tail += formatted(done / elapsed < 100 ? "  %.3g steps/s  " : "  %.0f steps/s  ", done / elapsed) +
            duration(elapsed / done * left) + " left";
  if (!std::isnan(loss_)) tail += formatted("  loss %.4g", loss_);

  // The last column stays free: some terminals start a new line when it is written.
  const auto room = static_cast<std::size_t>(std::max(screen_.columns() - 1, 0));
  const std::size_t used = head.size() + tail.size() + 3;
  std::string line = head + (used + 8 <= room ? bar(fraction, std::min<std::size_t>(room - used, 40)) : "") + tail;
  line.resize(std::min(line.size(), room));
  const std::size_t length = line.size();
  if (shown_ > length) line.append(std::min(shown_, room) - length, ' ');
  *screen_.out << '\r' << line << std::flush;
  shown_ = length;
}

void Progress::clear() {
  if (shown_ == 0) return;
  const auto room = static_cast<std::size_t>(std::max(screen_.columns() - 1, 0));
  *screen_.out << '\r' << std::string(std::min(shown_, room), ' ') << '\r' << std::flush;
  shown_ = 0;
}

}  // namespace gradus
