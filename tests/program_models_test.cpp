// Saved networks in programs: options that stand in for training, and what they do with files and pictures.
#include "catch.h"

#include <cmath>
#include <iostream>
#include <sstream>

#include <nlohmann/json.hpp>

#include <gradus/core/files.h>
#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/core/safetensors.h>
#include <gradus/examples/program_models.h>
#include <gradus/kernels/parallel.h>
#include <gradus/layers/linear.h>
#include <gradus/layers/sequential.h>
#include <gradus/report/image.h>

#include "mnist_files.h"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

using Words = Program::Words;

// A program that trains, or evaluates, or predicts, run in a folder of its own with a command line.
struct Trial {
  TempDir folder;
  std::string out = folder.path() / "out", printed, error, done;
  std::function<void(Program&, const Words&)> evaluate, predict;
  int threads_before = kernels::num_threads();
  ~Trial() { kernels::set_num_threads(threads_before); }

  int run(Words words) {
    Program program("trial", "Tries things.", {.out = out});
    done = "";
    program.instead("--evaluate", "FILE", "tests a network", [&](const Words& files) {
      done += "evaluate";
      if (evaluate) evaluate(program, files);
    });
    program.instead("--predict", "FILE IMAGE.png...", "names pictures", [&](const Words& files) {
      done += "predict";
      if (predict) predict(program, files);
    });
    words.insert(words.begin(), "trial");
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    std::ostringstream to_out, to_err;
    std::streambuf *old_out = std::cout.rdbuf(to_out.rdbuf()), *old_err = std::cerr.rdbuf(to_err.rdbuf());
    const int code = program.run(static_cast<int>(argv.size()), argv.data(), [&] { done += "train"; });
    std::cout.rdbuf(old_out);
    std::cerr.rdbuf(old_err);
    printed = to_out.str();
    error = to_err.str();
    return code;
  }
  // Runs f as the work of --evaluate; returns the message where it throws.
  std::string work(const std::function<void(Program&)>& f) {
    evaluate = [&](Program& program, const Words&) { f(program); };
    const int code = run({"--evaluate", "x"});
    const std::string start = "trial: ";
    return code == 0 ? "" : error.substr(start.size(), error.size() - start.size() - 1);
  }
  nlohmann::json results(const std::string& name) const {
    return nlohmann::json::parse(read_file(fs::path(out) / name / "results.json"));
  }
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Sequential network(DType dtype = float64) {
  Sequential net(Linear(3, 2));
  net.to(dtype);
  return net;
}

std::string grey_png(const fs::path& path, const std::vector<std::string>& rows) {
  Image image(static_cast<int>(rows[0].size()), static_cast<int>(rows.size()));
  for (std::size_t y = 0; y < rows.size(); ++y) {
    for (std::size_t x = 0; x < rows[y].size(); ++x) {
      image(static_cast<int>(x), static_cast<int>(y)) = rows[y][x] == '#' ? black : white;
    }
  }
  write_png(path, image);
  return path;
}

}  // namespace

TEST_CASE("an option stands in for training, and leaves its files in a folder of its own") {
  Trial trial;
  Words given;
  trial.evaluate = trial.predict = [&](Program&, const Words& words) { given = words; };
  REQUIRE(trial.run({}) == 0);
  CHECK(trial.done == "train");
  CHECK(!nlohmann::json::parse(read_file(trial.out + "/results.json"))["settings"].contains("evaluate"));
  const std::string before = read_file(trial.out + "/results.json");

  REQUIRE(trial.run({"--evaluate", "net.safetensors", "--seed", "3"}) == 0);
  CHECK(trial.done == "evaluate");
  CHECK(given == Words{"net.safetensors"});
  CHECK(trial.results("evaluate")["settings"]["evaluate"] == Words{"net.safetensors"});
  CHECK(trial.results("evaluate")["settings"]["seed"] == 3);
  REQUIRE(trial.run({"--predict", "net.safetensors", "a.png", "b.png", "--quiet"}) == 0);
  CHECK(trial.done == "predict");
  CHECK(given == Words{"net.safetensors", "a.png", "b.png"});
  CHECK(trial.results("predict")["settings"]["predict"] == given);
  CHECK(read_file(trial.out + "/results.json") == before);

  REQUIRE(trial.run({"--evaluate", "x", "--out", trial.out + "/mine"}) == 0);
  CHECK(trial.results("mine")["settings"]["evaluate"] == Words{"x"});
}

TEST_CASE("such an option wants its words, and no other of its kind") {
  Trial trial;
  for (const Words& words : std::vector<Words>{{"--evaluate"},
                                               {"--evaluate", "a", "b"},
                                               {"--predict"},
                                               {"--predict", "net.safetensors"},
                                               {"--evaluate", "a", "--predict", "b", "c"}}) {
    CHECK(trial.run(words) == 2);
    CHECK(trial.done == "");
    CHECK(trial.error.find("trial: --") == 0);
    CHECK(!fs::exists(trial.out));
  }
  REQUIRE(trial.run({"--help"}) == 0);
  CHECK(contains(trial.printed, "--evaluate FILE"));
  CHECK(contains(trial.printed, "--predict FILE IMAGE.png ..."));
}

TEST_CASE("a saved network is loaded into the one whose names it has") {
  Trial trial;
  const Sequential first = network(), second(network(), Linear(2, 4));
  const std::string path = trial.out + "/evaluate/first.safetensors";
  CHECK(trial.work([&](Program& program) { save_model(program, "first", first); }) == "");
  CHECK(contains(trial.printed, "Saved in " + path + "\n"));
  CHECK(safetensors_metadata(path)["network"] == "first");

  const Sequential other = network();
  std::size_t which = 7;
  CHECK(trial.work([&](Program& program) { which = load_model(program, path, {second, other}); }) == "");
  CHECK(which == 1);
  CHECK(other.get_parameter("0.weight").to_vector<double>() == first.get_parameter("0.weight").to_vector<double>());

  // From float64 to float32: PyTorch saves float32 where nobody says otherwise, the lecture computes in float64.
  const Sequential single = network(float32);
  CHECK(trial.work([&](Program& program) { load_model(program, path, {single}); }) == "");
  CHECK(single.get_parameter("0.bias").to_vector<float>() ==
        first.get_parameter("0.bias").to(float32).to_vector<float>());
}

TEST_CASE("a saved model of another network lists what differs, and changes nothing") {
  Trial trial;
  const std::string path = trial.folder.path() / "other.safetensors";
  const Sequential net = network();
  const std::vector<double> before = net.get_parameter("0.weight").to_vector<double>();
  const auto refused = [&](const NamedTensors& state) {
    save_safetensors(path, state);
    const std::string message = trial.work([&](Program& program) { load_model(program, path, {net}); });
    const std::string start = "load_model: " + path + " holds another network; load_state_dict: ";
    CHECK(message.find(start) == 0);
    CHECK(net.get_parameter("0.weight").to_vector<double>() == before);
    return message.substr(std::min(start.size(), message.size()));
  };
  CHECK(refused({{"0.weight", ones({2, 3})}, {"1.weight", ones({1})}}) ==
        "missing: 0.bias; not in the module: 1.weight; nothing was loaded");
  CHECK(refused({{"0.weight", ones({3, 2})}, {"0.bias", ones({2}, int64)}}) ==
        "of another shape or dtype: 0.weight is float64 [3, 2], expected float64 [2, 3], 0.bias is int64 [2], expected "
        "float64 [2]; nothing was loaded");
  CHECK(trial.work([&](Program& program) { load_model(program, path + "x", {net}); }) ==
        "read_file: there is no file " + path + "x");
}

TEST_CASE("numbers that are not finite are reported") {
  Trial trial;
  const std::string path = trial.folder.path() / "nan.safetensors";
  save_safetensors(path, {{"0.weight", full({2, 3}, std::nan(""))}, {"0.bias", ones({2})}});
  const Sequential net = network();
  CHECK(trial.work([&](Program& program) { load_model(program, path, {net}); }) == "");
  CHECK(contains(trial.printed, path + ": NaN or infinity in 0.weight\n"));
  CHECK(trial.results("evaluate")["results"]["not finite"] == "0.weight");
}

TEST_CASE("a picture is squared, scaled and, where the form wants it, turned into its negative") {
  Trial trial;
  const PictureForm plain{.channels = 1, .side = 2}, light_on_dark{.channels = 1, .side = 2, .light_on_dark = true};
  const fs::path png = trial.folder.path() / "picture.png";
  const auto read = [&](const std::vector<std::string>& rows, const PictureForm& form) {
    Tensor picture;
    CHECK(trial.work([&](Program& program) { picture = read_picture(program, grey_png(png, rows), form); }) == "");
    REQUIRE(picture.shape() == Shape{form.channels, form.side, form.side});
    return picture.to_vector<float>();
  };
  CHECK(read({"#.", ".."}, plain) == std::vector<float>{0, 1, 1, 1});
  CHECK(!contains(trial.printed, "negative"));
  CHECK(read({"#.", ".."}, light_on_dark) == std::vector<float>{1, 0, 0, 0});
  CHECK(contains(
      trial.printed,
      png.string() + ": dark on light (its edges are 0.75, white is 1), so the network is given the negative"));
  CHECK(read({"##", "#."}, light_on_dark) == std::vector<float>{0, 0, 0, 1});
  CHECK(!contains(trial.printed, "negative"));
  // 6 x 4 pixels become 6 x 6, with a row of white above and one below. Of an output's triangle, 3 pixels wide, 2/3 lie
  // on the ink each way.
  const std::vector<float> squared = read({"......", "..##..", "..##..", "......"}, {.channels = 1, .side = 4});
  for (const std::size_t inside : {5, 6, 9, 10}) CHECK(squared[inside] == Approx(1 - 4.0 / 9));
  CHECK(squared[0] > 0.9);
  CHECK(squared[1] == Approx(squared[4]));  // as wide as high: the pixels stayed square
  CHECK(read({"#.", ".."}, {.channels = 3, .side = 2}).size() == 12);

  const auto refused = [&](const std::vector<std::string>& rows) {
    return trial.work([&](Program& program) { read_picture(program, grey_png(png, rows), {.side = 3}); });
  };
  CHECK(refused({"....", "...."}) == "read_picture: " + png.string() + " has 4 x 2 pixels, expected at least 3 x 3");
}

TEST_CASE("pictures are named, with the probability of every class") {
  Trial trial;
  const fs::path dark = trial.folder.path() / "dark.png", light = trial.folder.path() / "light.png";
  grey_png(dark, {"##", "##"});
  grey_png(light, {"..", ".."});
  const Words classes{"night", "day"};
  // Scores 0 and ln(3) times the light of the picture.
  const auto net = [](const Tensor& x) {
    const Tensor day = mean(x.flatten(1), {1}, true) * std::log(3.0);
    return cat({day * 0, day}, 1);
  };
  const auto work = [&](Program& program, const Words& words) {
    predict(program, net, classes, {.channels = 1, .side = 2}, std::span(words).subspan(1));
  };
  trial.predict = work;
  REQUIRE(trial.run({"--predict", "x", dark, light}) == 0);
  CHECK(trial.printed == dark.string() + ": night\n     night  50.00 %       day  50.00 %\n" + light.string() +
                             ": day\n     night  25.00 %       day  75.00 %\n");
  const nlohmann::json results = trial.results("predict")["results"];
  CHECK(results[dark.string()] == "night");
  CHECK(results[light.string()] == "day");
  CHECK(results[light.string() + ", probability"].get<double>() == Approx(0.75));
  CHECK(fs::exists(trial.out + "/predict/pictures.png"));

  CHECK(trial.run({"--predict", "x", dark, "missing.png"}) == 1);
  CHECK(trial.printed == "");
  CHECK(trial.error == "trial: read_file: there is no file missing.png\n");
  trial.predict = [&](Program& program, const Words& words) {
    predict(program, net, {"night", "day", "dawn"}, {.channels = 1, .side = 2}, std::span(words).subspan(1));
  };
  CHECK(trial.run({"--predict", "x", dark}) == 1);
  CHECK(trial.error == "trial: predict: the network has scores for 2 classes, there are 3\n");
}
