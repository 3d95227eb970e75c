// What Progress shows on a terminal, and elsewhere.
#include "catch.h"

#include <algorithm>
#include <sstream>

#include <gradus/report/progress.h>

using namespace gradus;

namespace {

// A screen whose clock and width the test sets.
struct Fake {
  std::ostringstream out;
  double now = 100;
  int width = 100;
  Screen screen(bool terminal) {
    return {&out, terminal, [this] { return width; }, [this] { return now; }};
  }
  // What has been written since the last call.
  std::string take() {
    std::string text = out.str();
    out.str("");
    return text;
  }
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// The lines as a terminal shows them: each part after '\r' is written over the line's start.
std::string shown(const std::string& written) {
  std::string screen, line;
  std::size_t column = 0;
  for (const char c : written) {
    if (c == '\n') {
      screen += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
      line.clear();
      column = 0;
    } else if (c == '\r') {
      column = 0;
    } else {
      if (column >= line.size()) line.resize(column + 1, ' ');
      line[column++] = c;
    }
  }
  return screen + line.substr(0, line.find_last_not_of(' ') + 1);
}

}  // namespace

TEST_CASE("elsewhere progress is one line an epoch", "[progress]") {
  Fake fake;
  {
    Progress progress("autoencoder", 2, 3, false, fake.screen(false));
    for (int epoch = 0; epoch < 2; ++epoch) {
      for (int i = 0; i < 3; ++i) {
        fake.now += 1;
        progress.step(0.5);
      }
      progress.end_epoch("Mean-Squared Error : 0.073981");
    }
  }
  CHECK(fake.take() ==
        "At Iteration : 1 / 2 ; Mean-Squared Error : 0.073981\n"
        "At Iteration : 2 / 2 ; Mean-Squared Error : 0.073981\n");
}

TEST_CASE("quiet progress prints nothing", "[progress]") {
  for (const bool terminal : {false, true}) {
    Fake fake;
    {
      Progress progress("autoencoder", 1, 2, true, fake.screen(terminal));
      fake.now += 1;
      progress.step(1);
      progress.end_epoch("figures");
    }
    CHECK(fake.take() == "");
  }
}

TEST_CASE("on a terminal a bar shows rate, time left and loss", "[progress]") {
  Fake fake;
  Progress progress("autoencoder", 20, 60, false, fake.screen(true));
  for (int i = 0; i < 15; ++i) {
    fake.now += 0.5;
    progress.step(0.0123456);
  }
  const std::string screen = shown(fake.take());
  CHECK(contains(screen, "autoencoder 1/20 ["));
  CHECK(contains(screen, "]  25%"));
  CHECK(contains(screen, "2 steps/s"));
  CHECK(contains(screen, "9:52 left"));  // 1185 steps at 2 a second
  CHECK(contains(screen, "loss 0.01235"));
  const std::size_t open = screen.find('['), close = screen.find(']'), arrow = screen.find('>');
  CHECK(arrow - open - 1 == (close - open - 1) / 4);

  progress.end_epoch("figures");
  CHECK(shown(fake.take()) == "At Iteration : 1 / 20 ; figures\n");
  fake.now += 0.5;
  progress.step();
  CHECK(contains(shown(fake.out.str()), "autoencoder 2/20"));
  CHECK(!contains(shown(fake.take()), "loss"));
}

TEST_CASE("the bar is drawn ten times a second at most", "[progress]") {
  Fake fake;
  Progress progress("training", 1, 10000, false, fake.screen(true));
  for (int i = 0; i < 2000; ++i) {
    fake.now += 0.001;
    progress.step(1);
  }
  const std::string written = fake.take();
  const auto drawings = std::count(written.begin(), written.end(), '\r');
  CHECK(drawings >= 18);
  CHECK(drawings <= 21);
}

TEST_CASE("the bar clears itself, and fits into any width", "[progress]") {
  for (const int width : {0, 1, 5, 20, 40, 60, 80, 200}) {
    Fake fake;
    fake.width = width;
    {
      Progress progress("autoencoder", 20, 60, false, fake.screen(true));
      for (int i = 0; i < 100; ++i) {
        fake.now += 1;
        progress.step(i < 50 ? 1.23456e-7 : 1);
        INFO("width " << width);
        REQUIRE(shown(fake.out.str()).size() < static_cast<std::size_t>(std::max(width, 1)));
      }
    }
    CHECK(shown(fake.take()) == "");
  }
}

TEST_CASE("a shorter bar leaves nothing of a longer one", "[progress]") {
  Fake fake;
  fake.width = 300;
  Progress progress("a", 1, 100, false, fake.screen(true));
  fake.now += 10;
  progress.step(1.23456e-7);
  fake.now += 10;
  progress.step(1);
  const std::string screen = shown(fake.take());
  CHECK(screen.substr(screen.find("loss")) == "loss 1");
}

TEST_CASE("progress takes what does not add up", "[progress]") {
  Fake fake;
  Progress none("none", 0, 0, false, fake.screen(true));
  none.step(1);  // no time has passed
  none.step(1);
  fake.now += 1e12;
  none.step(1);
  none.end_epoch("");
  none.step();
  const std::string screen = shown(fake.take());
  CHECK(contains(screen, "At Iteration : 1 / 0 ;\n"));
  CHECK(!contains(screen, "inf"));
  CHECK(!contains(screen, "nan"));
}

TEST_CASE("long times left read as hours", "[progress]") {
  Fake fake;
  Progress progress("slow", 10, 100, false, fake.screen(true));
  fake.now += 10;
  progress.step();
  CHECK(contains(shown(fake.take()), "2:46:30 left"));  // 999 steps of 10 s
}

TEST_CASE("standard output has a clock that runs and a width", "[progress]") {
  const Screen screen = standard_output();
  const double before = screen.seconds();
  CHECK(screen.seconds() >= before);
  CHECK(screen.columns() > 0);
}
