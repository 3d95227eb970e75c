// What a run's report shows beside losses: films, further curves, and rows that count steps.
#include "catch.h"

#include <cmath>

#include <gradus/core/tensor.h>
#include <gradus/report/html.h>
#include <gradus/report/image.h>

#include "program_trial.h"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++n;
  return n;
}

// A grid of digits as lecture 54 draws it: 570 x 570 pixels that do not compress well.
Image grid(int shift) {
  Image image(570, 570);
  for (int y = 0; y < 570; ++y)
    for (int x = 0; x < 570; ++x) {
      const auto v = static_cast<std::uint8_t>((x * 7919 + y * 104729 + (x / 2) * (y / 2) * 31 + shift) % 97 * 2);
      image(x, y) = {v, v, v};
    }
  return image;
}

}  // namespace

TEST_CASE("frames become one film, and a file each", "[program]") {
  Trial trial;
  const Image black_square(3, 2, black), white_square(3, 2, white), red_square(3, 2, {255, 0, 0});
  const int code = trial.run({}, [&](Program& program) {
    program.frame("digits", "Digits at step 1.", "digits_1.png", black_square);
    program.record({"generator", 1, 1, {}, 1});
    CHECK(contains(content(program.file("report.html")), "<figcaption>Digits at step 1.</figcaption>"));
    program.picture("digits", "A picture, no film.", red_square);
    program.frame("digits", "Digits, from step 1 to 3.", "digits_2.png", red_square);
    program.frame("other", "Another film.", "other.png", Image(5, 5));
    program.frame("digits", "Digits, from step 1 to 3.", "digits_3.png", red_square);
    program.frame("digits", "Digits, from step 1 to 3.", "digits_3.png", white_square);  // the last of a name counts
    const Image tall(3, 4);
    CHECK(message_of([&] { program.frame("digits", "x", "digits_4.png", tall); }) ==
          "frame: digits_4.png has 3 x 4 pixels, the other frames of 'digits' have 3 x 2");
  });
  REQUIRE(code == 0);
  CHECK(content(trial.folder / "digits_1.png") == encode_png(black_square));
  CHECK(content(trial.folder / "digits_2.png") == encode_png(red_square));
  CHECK(content(trial.folder / "digits_3.png") == encode_png(white_square));
  CHECK(!fs::exists(trial.folder / "digits_4.png"));
  const std::string page = content(trial.folder / "report.html");
  CHECK(count(page, "<div class=\"film\">") == 2);
  CHECK(count(page, "<figcaption>Digits, from step 1 to 3.</figcaption>") == 1);
  CHECK(!contains(page, "Digits at step 1."));
  HtmlReport film("");
  film.film({html_picture(black_square, ""), html_picture(red_square, ""), html_picture(white_square, "")}, 0.4,
            "Digits, from step 1 to 3.", "Digits, from step 1 to 3.");
  const std::string expected = film.str();
  const std::size_t start = expected.find("<figure>"), end = expected.find("</figure>");
  CHECK(contains(page, expected.substr(start, end - start)));
}

TEST_CASE("a film's frames are encoded once, not again for every record", "[program]") {
  double share = 1;
  for (int attempt = 0; attempt < 3 && share >= 0.25; ++attempt) {  // a disk may keep one waiting
    Trial trial;
    REQUIRE(trial.run({}, [&](Program& program) {
      const Stopwatch drawing;
      for (int i = 0; i < 21; ++i) program.frame("digits", "Digits.", formatted("digits_%d.png", i), grid(i));
      const double drawn = drawing.seconds();
      const Stopwatch recording;
      program.record({"generator", 1, 1, {}, 1});
      share = recording.seconds() / drawn;
    }) == 0);
  }
  CHECK(share < 0.25);
}

TEST_CASE("what is measured has a plot of its own", "[program]") {
  Trial trial;
  const int code = trial.run({}, [&](Program& program) {
    program.epoch_name = "step";
    program.measure("Digits recognised", "of 100", 250, 40);
    program.record({"generator", 250, 0.7, {}, 2});
    CHECK(contains(content(program.file("curves.svg")), ">Digits recognised<"));
    program.measure("Digits recognised", "of 100", 500, 50);
    program.measure("Digits recognised", "classes", 500, 6);
    program.measure("Other", "one", 500, std::nan(""));
  });
  REQUIRE(code == 0);
  const std::string svg = content(trial.folder / "curves.svg"), page = content(trial.folder / "report.html");
  CHECK(count(svg, ">Digits recognised<") == 1);
  CHECK(count(svg, ">Other<") == 1);
  CHECK(count(svg, ">step<") == 3);  // each plot's x axis
  CHECK(contains(svg, ">of 100<"));
  CHECK(contains(svg, ">classes<"));  // a point that came after the last record
  CHECK(contains(svg, ">one (no points)<"));
  CHECK(contains(page, "alt=\"Line plot by step: Digits recognised\""));
  CHECK(count(page, "src=\"data:image/svg") == 3);
}

TEST_CASE("measures alone are a report's curves, too", "[program]") {
  Trial trial;
  REQUIRE(trial.run({}, [&](Program& program) { program.measure("Recognised", "digits", 1, 2); }) == 0);
  CHECK(contains(content(trial.folder / "curves.svg"), ">Recognised<"));
  CHECK(!contains(content(trial.folder / "curves.svg"), ">Loss<"));
  CHECK(count(content(trial.folder / "report.html"), "src=\"data:image/svg") == 1);
  CHECK(!fs::exists(trial.folder / "metrics.csv"));
}

TEST_CASE("phases that take turns, step by step, and then one that counts epochs", "[program]") {
  Trial trial;
  const int code = trial.run({}, [&](Program& program) {
    program.epoch_name = "step";
    for (int step = 250; step <= 750; step += 250) {
      program.record({"reconstruction", step, 100.0 / step, {}, 5});
      program.record({"discriminator", step, 1, {}, 2.5});
      program.record({"generator", step, 2, {}, 50});
    }
    const std::string page = content(program.file("report.html"));
    CHECK(contains(page, "it has come to step 750 of phase generator."));
    CHECK(contains(page,
                   ">steps</th><td class=\"n\">750</td><td class=\"n\">750</td><td class=\"n\">750</td></tr>\n<tr>"));
    CHECK(!contains(page, "epoch "));
    program.epoch_name = "epoch";
    program.record({"classifier", 1, 0.25, 92.5, 7.5});
    program.record({"classifier", 2, 0.125, 95.25, 7.5});
  });
  REQUIRE(code == 0);
  CHECK(content(trial.folder / "metrics.csv")
            .find("phase,epoch,loss,accuracy,seconds\nreconstruction,250,0.4,,5.000\n"
                  "discriminator,250,1,,2.500\ngenerator,250,2,,50.000\n"
                  "reconstruction,500,0.2,,5.000\n") == 0);
  const std::string page = content(trial.folder / "report.html"), svg = content(trial.folder / "curves.svg");
  CHECK(contains(page, ">reconstruction</th><th scope=\"col\" class=\"n\">discriminator</th>"));
  CHECK(contains(page, ">first loss</th><td class=\"n\">0.400000</td><td class=\"n\">1.000000</td>"));
  CHECK(contains(page, ">last loss</th><td class=\"n\">0.133333</td>"));
  CHECK(contains(page,
                 ">steps</th><td class=\"n\">750</td><td class=\"n\">750</td><td class=\"n\">750</td><td "
                 "class=\"n\"></td>"));
  CHECK(contains(page,
                 ">epochs</th><td class=\"n\"></td><td class=\"n\"></td><td class=\"n\"></td><td "
                 "class=\"n\">2</td>"));
  CHECK(contains(page, ">one step of reconstruction</th><td>0.02 s</td>"));
  CHECK(contains(page, ">one step of discriminator</th><td>0.01 s</td>"));
  CHECK(contains(page, ">one epoch of classifier</th><td>7.50 s</td>"));
  CHECK(count(svg, ">Loss<") == 2);  // steps and epochs do not share an axis
  CHECK(count(svg, ">step<") == 1);
  CHECK(count(svg, ">epoch<") == 2);
}
