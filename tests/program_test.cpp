// What the lectures' programs share: the command line, the files of a run, and how it ends.
#include "catch.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <regex>

#include <nlohmann/json.hpp>

#include <gradus/core/random.h>
#include <gradus/core/tensor.h>
#include <gradus/core/version.h>
#include <gradus/examples/program.h>
#include <gradus/kernels/parallel.h>
#include <gradus/report/html.h>
#include <gradus/report/tiles.h>

#include "program_trial.h"

using namespace gradus;
namespace fs = std::filesystem;

TEST_CASE("a command line sets the options", "[program]") {
  Trial trial;
  REQUIRE(trial.run({}) == 0);
  CHECK(trial.worked);
  CHECK(trial.options.batch_size == 1000);
  CHECK(trial.options.seed == 0);
  CHECK(trial.options.device == cpu);
  CHECK(!trial.options.quiet);
  CHECK(trial.options.threads == kernels::num_threads());

  REQUIRE(trial.run({"--epochs", "3", "--noise=0.5", "--form", "none", "--batch-size", "64", "--seed",
                     "18446744073709551615", "--threads", "2", "--device", "cpu", "--quiet", "--data", "/somewhere"}) ==
          0);
  CHECK(trial.epochs == 3);
  CHECK(trial.noise == 0.5);
  CHECK(trial.form == "none");
  CHECK(trial.options.batch_size == 64);
  CHECK(trial.options.seed == 18446744073709551615u);
  CHECK(trial.options.threads == 2);
  CHECK(kernels::num_threads() == 2);
  CHECK(trial.options.quiet);
  CHECK(trial.options.data == "/somewhere");

  REQUIRE(trial.run({"--epochs", "3", "--form", "none", "--epochs=4", "--form", "sum"}) == 0);  // the last one counts
  CHECK(trial.epochs == 4);
  CHECK(trial.form == "sum");
}

TEST_CASE("a wrong command line is refused in a sentence", "[program]") {
  Trial trial;
  const auto refusal = [&](const std::vector<std::string>& words) {
    CHECK(trial.run(words) == 2);
    CHECK(!trial.worked);
    CHECK(trial.out == "");
    CHECK(!fs::exists(trial.folder));
    CHECK(trial.err.find("trial: ") == 0);
    CHECK(contains(trial.err, "\ntrial --help lists the options.\n"));
    return trial.err.substr(7, trial.err.find('\n') - 7);
  };
  CHECK(refusal({"--batch-size", "0"}) == "--batch-size: expected a whole number of at least 1, got '0'");
  CHECK(refusal({"--batch-size", "many"}) == "--batch-size: expected a whole number of at least 1, got 'many'");
  CHECK(refusal({"--batch-size", "99999999999999999999"}) ==
        "--batch-size: expected a whole number of at least 1, got '99999999999999999999'");
  CHECK(refusal({"--epochs", "-1"}) == "--epochs: expected a whole number of at least 0, got '-1'");
  CHECK(refusal({"--epochs=2.5"}) == "--epochs: expected a whole number of at least 0, got '2.5'");
  CHECK(refusal({"--epochs=99999999999"}) == "--epochs: expected a whole number of at least 0, got '99999999999'");
  CHECK(refusal({"--seed", "-1"}) == "--seed: expected a whole number of at least 0, got '-1'");
  CHECK(refusal({"--threads", "0"}) == "--threads: expected a whole number of at least 1, got '0'");
  CHECK(refusal({"--noise", "-0.1"}) == "--noise: expected a number of at least 0, got '-0.1'");
  CHECK(refusal({"--noise", "nan"}) == "--noise: expected a number of at least 0, got 'nan'");
  CHECK(refusal({"--noise", "inf"}) == "--noise: expected a number of at least 0, got 'inf'");
  CHECK(contains(refusal({"--form", "slide"}), "slide"));
  CHECK(contains(refusal({"--form", "slide"}), "{mean,sum,none}"));
  CHECK(refusal({"--data", ""}) == "--data: the folder's name is empty");
  CHECK(contains(refusal({"--data="}), "--data"));
  CHECK(contains(refusal({"--device", "tpu"}), "tpu"));
  CHECK(refusal({"--precision", "float16"}) == "--precision: float16 not in {float32,tf32}");
  CHECK(contains(refusal({"--nonsense"}), "--nonsense"));
  CHECK(contains(refusal({"stray"}), "stray"));
  CHECK(contains(refusal({"--epochs"}), "--epochs"));
}

TEST_CASE("--help documents every option, --version says what was built", "[program]") {
  Trial trial;
  REQUIRE(trial.run({"--help"}) == 0);
  CHECK(!trial.worked);
  CHECK(!fs::exists(trial.folder));
  CHECK(contains(trial.out, "Tries things."));
  for (const char* option : {"--data", "--out", "--batch-size", "--seed", "--threads", "--device", "--precision",
                             "--plain", "--quiet", "--version", "--help", "--epochs", "--noise", "--form"}) {
    INFO(option);
    const std::size_t at = trial.out.find(option);
    REQUIRE(at != std::string::npos);
    const std::string rest = trial.out.substr(at, trial.out.find("\n  -", at) - at);
    CHECK(rest.find_last_not_of(" \n") > std::string(option).size() + 8);  // words of explanation follow
  }
  CHECK(contains(trial.out, "1000"));
  CHECK(contains(trial.out, "GRADUS_DATA"));

  REQUIRE(trial.run({"--version"}) == 0);
  CHECK(!trial.worked);
  CHECK(trial.out == version() + "\n");
}

TEST_CASE("an error of the work is one sentence and code 1", "[program]") {
  Trial trial;
  CHECK(trial.run({}, [](Program&) { fail("mnist", "the file /x is missing"); }) == 1);
  CHECK(trial.err == "trial: mnist: the file /x is missing\n");
  CHECK(!fs::exists(trial.folder / "results.json"));
  CHECK(trial.run({}, [](Program&) { throw std::bad_alloc(); }) == 1);
  CHECK(trial.err == "trial: memory ran out; a smaller --batch-size may help\n");
}

TEST_CASE("an --out that cannot be written is said before the work", "[program]") {
  Trial trial;
  fs::create_directories(trial.folder);
  std::ofstream(trial.folder / "file") << "x";
  CHECK(trial.run({"--out", (trial.folder / "file" / "below").string()}) == 1);
  CHECK(!trial.worked);
  CHECK(contains(trial.err, (trial.folder / "file" / "below").string()));
  CHECK(trial.run({"--out", (trial.folder / "file").string()}) == 1);
  CHECK(!trial.worked);
  CHECK(trial.run({"--out", ""}) == 1);
  CHECK(!trial.worked);
}

TEST_CASE("metrics.csv, curves.svg and report.html are whole after every epoch", "[program]") {
  Trial trial;
  const std::string head = "phase,epoch,loss,accuracy,seconds\n";
  const int code = trial.run({}, [&](Program& program) {
    program.record({"autoencoder", 1, 0.073981, {}, 1.5});
    CHECK(content(program.file("metrics.csv")) == head + "autoencoder,1,0.073981,,1.500\n");
    CHECK(!contains(content(program.file("curves.svg")), "Accuracy"));
    CHECK(contains(content(program.file("report.html")),
                   "<p>This run has not finished: it has come to epoch 1 of phase autoencoder.</p>"));
    program.record({"autoencoder", 2, -std::nan(""), {}, 1});
    program.record({"classifier", 1, 1.114769, 87.14, 0.25});
    CHECK(program.epochs().size() == 3);
    CHECK(message_of([&] { program.record({"a,b", 1, 1, {}, 1}); }).find("record: a phase's name") == 0);
    fail("stop", "interrupted");
  });
  CHECK(code == 1);
  CHECK(content(trial.folder / "metrics.csv") ==
        head + "autoencoder,1,0.073981,,1.500\nautoencoder,2,nan,,1.000\nclassifier,1,1.114769,87.14,0.250\n");
  const std::string svg = content(trial.folder / "curves.svg");
  CHECK(contains(svg, ">autoencoder<"));
  CHECK(contains(svg, ">classifier<"));
  CHECK(contains(svg, ">Accuracy on the test set<"));
  CHECK(contains(svg, "</svg>"));
  CHECK(contains(content(trial.folder / "report.html"), "it has come to epoch 1 of phase classifier"));
  CHECK(std::distance(fs::directory_iterator(trial.folder), {}) == 3);
}

TEST_CASE("--precision is the libraries', and the CPU says that it has none of it", "[program]") {
  Trial trial;
  REQUIRE(trial.run({"--precision", "tf32"}) == 0);
  CHECK(kernels::precision() == kernels::Precision::tf32);
  CHECK(trial.out == "On the CPU float32 stays float32, whatever --precision is\n");
  REQUIRE(trial.run({}) == 0);
  CHECK(kernels::precision() == kernels::Precision::float32);
  CHECK(trial.out == "");
}

TEST_CASE("a run on a GPU records which libraries computed", "[program]") {
  RunRecord run;
  CHECK(!nlohmann::json::parse(results_json(run)).contains("libraries"));
  run.libraries = {"cuBLASLt 13.1.0", "own kernels", "TF32"};
  const auto json = nlohmann::json::parse(results_json(run))["libraries"];
  CHECK(json["matrix_products"] == "cuBLASLt 13.1.0");
  CHECK(json["convolutions"] == "own kernels");
  CHECK(json["float32_products"] == "TF32");
  const std::string page = report_of(run).str();
  CHECK(contains(page, "cuBLASLt 13.1.0"));
  CHECK(contains(page, "TF32"));
}

TEST_CASE("results.json holds settings, figures and classes", "[program]") {
  Trial trial;
  const int code = trial.run({"--epochs", "7", "--seed", "5", "--quiet"}, [](Program& program) {
    program.result("mse", 0.9);
    program.result("mse", 0.0067);  // the last one counts
    program.result("data", "drawn");
    program.result("undefined", std::nan(""));
    ClassAccuracy accuracy({"zero", "one", "two"});
    accuracy.add(tensor({0, 0, 1, 1}).to(int64), tensor({0, 0, 0, 1}).to(int64));
    program.result(accuracy);
  });
  REQUIRE(code == 0);
  const std::string text = content(trial.folder / "results.json");
  const auto json = nlohmann::json::parse(text);
  CHECK(json["program"] == "trial");
  const VersionFacts facts = version_facts();
  CHECK(json["version"] == facts.gradus);
  CHECK(json["instruction_set"] == facts.instruction_set);
  CHECK(json["cuda"] == facts.cuda);
  CHECK(json["cudnn"] == facts.cudnn);
  CHECK(json["settings"]["epochs"] == 7);
  CHECK(json["settings"]["noise"] == 0.2);
  CHECK(json["settings"]["form"] == "mean");
  CHECK(json["settings"]["batch-size"] == 1000);
  CHECK(json["settings"]["seed"] == 5);
  CHECK(json["settings"]["threads"] == kernels::num_threads());
  CHECK(json["settings"]["device"] == "cpu");
  CHECK(json["settings"]["out"] == trial.folder.string());
  CHECK(json["settings"]["quiet"] == true);
  CHECK(json["results"]["mse"] == 0.0067);
  CHECK(json["results"]["data"] == "drawn");
  CHECK(json["results"].size() == 3);
  CHECK(json["results"]["undefined"].is_null());
  CHECK(json["accuracy_per_class"]["zero"].get<double>() == Approx(200.0 / 3));
  CHECK(json["accuracy_per_class"]["two"].is_null());
  CHECK(json["seconds"].get<double>() >= 0);
  CHECK(json["peak_memory_mb"].get<double>() > 1);
  CHECK(contains(text, "\n  \"settings\": {\n"));

  // A later run's metrics do not lie beside an earlier run's results.
  CHECK(trial.run({}, [](Program& program) {
    program.record({"autoencoder", 1, 1, {}, 1});
    fail("stop", "interrupted");
  }) == 1);
  CHECK(!fs::exists(trial.folder / "results.json"));
}

TEST_CASE("the report shows what the run recorded", "[program]") {
  Trial trial;
  const Image black_square(3, 3, black), white_square(3, 3, white);
  const auto work = [&](Program& program) {
    program.title = "too late";
    program.result("data", "data: drawn by hand");
    program.record({"auto_encoder", 1, 0.5, {}, 2});
    program.record({"auto_encoder", 2, 0.25, {}, 4});
    program.record({"classifier", 1, 1.5, 87.125, 1});
    program.result("share_of_code", 0.125);
    program.result("accuracy", 87.125, "%");
    ClassAccuracy accuracy({"zero", "one & two"});
    accuracy.add(tensor({0, 0, 1}).to(int64), tensor({0, 0, 0}).to(int64));
    program.result(accuracy);
    program.picture("one.png", "An old square", white_square);
    program.picture("two.png", "Squares", {{"before", black_square}, {"after", white_square}});
    program.picture("one.png", "A square", black_square);  // the last one counts
  };
  REQUIRE(trial.run({"--form", "none", "--data", "it's here"}, work) == 0);
  const std::string page = content(trial.folder / "report.html");
  CHECK(contains(page, "<h1>trial</h1>\n<p>Tries things.</p>\n<p>Data: drawn by hand</p>"));
  CHECK(!contains(page, "has not finished"));
  CHECK(contains(page, ">auto encoder</th><th scope=\"col\" class=\"n\">classifier</th>"));
  CHECK(contains(page, ">epochs</th><td class=\"n\">2</td><td class=\"n\">1</td>"));
  CHECK(contains(page, ">first loss</th><td class=\"n\">0.500000</td><td class=\"n\">1.500000</td>"));
  CHECK(contains(page, ">last loss</th><td class=\"n\">0.250000</td><td class=\"n\">1.500000</td>"));
  CHECK(contains(page, ">last accuracy, %</th><td class=\"n\"></td><td class=\"n\">87.12</td>"));
  CHECK(contains(page, ">share of code</th><td class=\"n\">0.125</td>"));
  CHECK(contains(page, ">accuracy, %</th><td class=\"n\">87.125</td>"));
  CHECK(contains(page, ">zero</th><td class=\"n\">66.67</td>"));
  CHECK(contains(page, ">one &amp; two</th><td class=\"n\">-</td>"));
  CHECK(contains(page, "<pre>trial --form none --data &#39;it&#39;\\&#39;&#39;s here&#39;</pre>"));
  CHECK(contains(page, ">form</th><td>none</td>"));
  CHECK(contains(page, ">batch-size</th><td>1000</td>"));
  CHECK(contains(page, ">gradus</th><td>" + version_facts().gradus + "</td>"));
  CHECK(contains(page, ">one epoch of auto encoder</th><td>3.00 s</td>"));

  // Two plots, the two panels, the square; each PNG is also a file.
  const auto pictures = [&](const std::string& kind) {
    const std::string start = "src=\"data:image/" + kind;
    int count = 0;
    for (std::size_t at = 0; (at = page.find(start, at)) != std::string::npos; ++at) ++count;
    return count;
  };
  CHECK(pictures("svg") == 2);
  CHECK(pictures("png") == 3);
  CHECK(contains(page, html_picture(black_square, "").address));
  CHECK(contains(page, "<b>before</b>"));
  CHECK(contains(page, "<figcaption>Squares</figcaption>"));
  CHECK(contains(page, "<figcaption>A square</figcaption>"));
  CHECK(!contains(page, "An old square"));
  CHECK(content(trial.folder / "one.png") == encode_png(black_square));
  CHECK(content(trial.folder / "two.png") ==
        encode_png(side_by_side({{"before", black_square}, {"after", white_square}})));

  // But for times and memory, the same run gives the same page.
  const std::regex measured("<th scope=\"row\">(time|peak memory)</th><td>[^<]*</td>");
  REQUIRE(trial.run({"--form", "none", "--data", "it's here"}, work) == 0);
  CHECK(std::regex_replace(content(trial.folder / "report.html"), measured, "") ==
        std::regex_replace(page, measured, ""));
}

TEST_CASE("a run without epochs has a report", "[program]") {
  Trial trial;
  REQUIRE(trial.run({}) == 0);
  const std::string page = content(trial.folder / "report.html");
  CHECK(contains(page, "Tries things."));
  CHECK(contains(page, "<caption>Settings</caption>"));
  CHECK(!contains(page, "<img"));
  CHECK(!contains(page, "Results"));
}

TEST_CASE("quiet silences say and log", "[program]") {
  Trial trial;
  const auto talk = [](Program& program) {
    program.say("%s has %d\n", "encoder", 400);
    program.log() << "tree\n";
  };
  REQUIRE(trial.run({}, talk) == 0);
  CHECK(trial.out == "encoder has 400\ntree\n");
  REQUIRE(trial.run({"--quiet"}, talk) == 0);
  CHECK(trial.out == "");
}

TEST_CASE("the seed starts the default generator", "[program]") {
  Trial trial;
  const auto draw = [&](const char* seed) {
    std::vector<float> drawn;
    REQUIRE(trial.run({"--seed", seed}, [&](Program&) { drawn = rand({8}).to_vector<float>(); }) == 0);
    return drawn;
  };
  const auto first = draw("1");
  CHECK(first == draw("1"));
  CHECK(first != draw("2"));
}

TEST_CASE("class accuracy counts and prints as the lectures do", "[program]") {
  ClassAccuracy accuracy({"zero", "one", "three"});
  accuracy.add(tensor({0, 1, 1}).to(int64), tensor({0, 0, 1}).to(int64));
  accuracy.add(tensor({0}).to(int64), tensor({0}).to(int64));
  CHECK(accuracy.of(0) == Approx(200.0 / 3));
  CHECK(accuracy.of(1) == 100);
  CHECK(std::isnan(accuracy.of(2)));
  CHECK(accuracy.overall() == 75);
  CHECK(std::isnan(ClassAccuracy({"zero"}).overall()));
  CHECK(accuracy.str() ==
        "Accuracy of  zero : 66.666667 %\n"
        "Accuracy of   one : 100.000000 %\n"
        "Accuracy of three : no image of this class\n");
  const Tensor one = tensor({1}).to(int64), two = tensor({1, 1}).to(int64), seven = tensor({7}).to(int64);
  CHECK(message_of([&] { accuracy.add(one, two); }) ==
        "class_accuracy: expected predictions and labels of one shape [n], got [1] and [2]");
  CHECK(message_of([&] { accuracy.add(one, seven); }) == "class_accuracy: label 7 is none of the 3 classes");
  CHECK(message_of([&] { accuracy.add(one, tensor({1})); }) != "");
}

TEST_CASE("formatted prints as printf", "[program]") {
  CHECK(formatted("%5s|%d|%.3f", "one", -4, 0.5) == "  one|-4|0.500");
  CHECK(formatted("%s", std::string(1000, 'x').c_str()) == std::string(1000, 'x'));
  CHECK(formatted("%s", "").empty());
  CHECK(peak_memory_mb() > 1);
  const Stopwatch watch;
  CHECK(watch.seconds() >= 0);
}
