// The programs of lectures 54 and 55 on a few small pictures: what they write, read again and refuse.
#include "catch.h"

#include <nlohmann/json.hpp>

#include <gradus/core/ops.h>
#include <gradus/core/safetensors.h>
#include <gradus/data/images.h>

#include "lecture_run.h"
#include "mnist_files.h"

using namespace gradus;

namespace {

const std::string makes_digits = "lecture54_adversarial_autoencoder", classifies = "lecture55_adversarial_classifier";

// The data, and the options that all runs have.
struct Small {
  TempDir dir;
  std::string data;

  Small() {
    write_small_mnist(dir.path());
    data = "--quiet --data '" + dir.path().string() + "' --batch-size 5 --seed 4 ";
  }
  std::string said() const { return " 2> '" + dir.path().string() + "/said'"; }
  std::string words() const {
    std::ifstream in(dir.path() / "said");
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

// metrics.csv without its last column, the seconds.
std::string metrics(const LectureRun& run) {
  std::istringstream in(run.text("metrics.csv"));
  std::string all;
  for (std::string line; std::getline(in, line);) all += line.substr(0, line.rfind(',')) + "\n";
  return all;
}

std::vector<float> tensor_of(const std::string& file, const std::string& name) {
  for (const auto& [key, t] : load_safetensors(file)) {
    if (key == name) return t.to_vector<float>();
  }
  return {};
}

}  // namespace

TEST_CASE("lecture 54 writes what it promises, the same each time, and draws a digit from what it saved") {
  const Small small;
  const LectureRun run(makes_digits, small.data + "--steps 3");
  REQUIRE(run.succeeded());
  for (const char* file : {"results.json", "curves.svg", "report.html", "digits_00001.png", "digits_00003.png",
                           "codes.png", "adversarial.safetensors"}) {
    INFO(file);
    CHECK(run.wrote(file));
  }
  const std::string rows = metrics(run);
  INFO(rows);
  CHECK(rows.starts_with("phase,epoch,loss,accuracy\nreconstruction,3,0."));
  CHECK(rows.find("\ndiscriminator,3,") != std::string::npos);
  CHECK(rows.find("\ngenerator,3,") != std::string::npos);
  CHECK(run.results()["results"].contains("generator_loss"));
  const NamedTensors saved = load_safetensors(run.path("adversarial.safetensors"));
  CHECK(saved.front().first == "Q.lin1.weight");
  CHECK(saved.back().first == "D_gauss.lin3.bias");
  const LectureRun again(makes_digits, small.data + "--steps 3", "_2");
  CHECK(metrics(again) == rows);
  CHECK(again.text("adversarial.safetensors") == run.text("adversarial.safetensors"));
  const LectureRun slides(makes_digits, small.data + "--steps 3 --as-on-slides", "_2");
  CHECK(metrics(slides) != rows);

  const std::string from = "--quiet --from '" + run.path("adversarial.safetensors") + "' ";
  const LectureRun one(makes_digits, from + "--sample 0.4,-1.2", "_2"),
      other(makes_digits, from + "--sample=-2,2", "_3");
  REQUIRE(one.succeeded());
  REQUIRE(other.succeeded());
  CHECK(read_image(one.path("digit.png"), 1).to_vector<float>() !=
        read_image(other.path("digit.png"), 1).to_vector<float>());
}

TEST_CASE("lecture 54 with other codes draws no scatter plot, and --sample takes as many numbers") {
  const Small small;
  const LectureRun run(makes_digits, small.data + "--steps 1 --z 3");
  REQUIRE(run.succeeded());
  CHECK_FALSE(run.wrote("codes.png"));
  CHECK(run.wrote("digits_00001.png"));
  const std::string from = "--quiet --from '" + run.path("adversarial.safetensors") + "' ";
  CHECK(LectureRun(makes_digits, from + "--sample 0,1,2", "_2").succeeded());
  CHECK_FALSE(LectureRun(makes_digits, from + "--sample 0,1" + small.said(), "_2").succeeded());
  CHECK(small.words().find("Q.lin3gauss.weight") != std::string::npos);  // whose shape is another
  for (const char* text : {"0.4", "a,b", "1,", "1,,2", "1 2", "nan,0"}) {
    INFO(text);
    CHECK_FALSE(LectureRun(makes_digits, from + "--sample '" + text + "'" + small.said(), "_2").succeeded());
    CHECK(small.words().find(text == std::string("0.4") ? "shape" : "expected numbers with commas") !=
          std::string::npos);
  }
}

TEST_CASE("lecture 54 refuses a classifier that does not know the digits, before it writes anything") {
  const Small small;
  const LectureRun bad(classifies, small.data + "--steps 0 --classifier-epochs 1");
  REQUIRE(bad.succeeded());
  const LectureRun run(
      makes_digits, small.data + "--steps 1 --classifier '" + bad.path("classifier.safetensors") + "'" + small.said());
  CHECK_FALSE(run.succeeded());
  INFO(small.words());
  CHECK(small.words().find("% of the test images, expected at least 97%") != std::string::npos);
  CHECK_FALSE(run.wrote("digits_00001.png"));
  CHECK_FALSE(run.wrote("metrics.csv"));
}

TEST_CASE("lecture 55 trains a classifier from the adversarial encoder, and reads it again") {
  const Small small;
  const LectureRun run(classifies, small.data + "--steps 2 --classifier-epochs 2");
  REQUIRE(run.succeeded());
  const std::string rows = metrics(run);
  INFO(rows);
  CHECK(rows.find("reconstruction,2,") != std::string::npos);
  CHECK(rows.find("classifier,2,") != std::string::npos);
  for (const char* file : {"report.html", "digits_00001.png", "digits_00002.png", "adversarial.safetensors"}) {
    INFO(file);
    CHECK(run.wrote(file));
  }
  const std::string classifier = run.path("classifier.safetensors");
  CHECK(load_safetensors(classifier).front().first == "l1.lin1.weight");
  CHECK(load_safetensors(classifier).back().first == "l2.bias");
  {
    const LectureRun test(classifies, small.data + "--evaluate '" + classifier + "'", "_2");
    REQUIRE(test.succeeded());
    CHECK(test.results()["results"]["accuracy"] == run.results()["results"]["accuracy"]);
  }
  CHECK(LectureRun(classifies, "--quiet --predict '" + classifier + "' '" + run.path("digits_00002.png") + "'", "_2")
            .succeeded());

  // From a saved encoder that is frozen: the last layer alone changes.
  const std::string adversarial = run.path("adversarial.safetensors");
  const LectureRun frozen(classifies,
                          small.data + "--classifier-epochs 1 --freeze-encoder --from '" + adversarial + "'", "_2");
  REQUIRE(frozen.succeeded());
  CHECK_FALSE(frozen.wrote("adversarial.safetensors"));
  for (const char* layer : {"lin1.weight", "lin2.weight", "lin3gauss.weight", "lin3gauss.bias"}) {
    CHECK(tensor_of(frozen.path("classifier.safetensors"), std::string("l1.") + layer) ==
          tensor_of(adversarial, std::string("Q.") + layer));
    CHECK(tensor_of(classifier, std::string("l1.") + layer) != tensor_of(adversarial, std::string("Q.") + layer));
  }
}

TEST_CASE("lecture 55 refuses an encoder of other codes than its own") {
  const Small small;
  const LectureRun two(makes_digits, small.data + "--steps 1");
  const LectureRun run(classifies, small.data + "--from '" + two.path("adversarial.safetensors") + "'" + small.said());
  CHECK_FALSE(run.succeeded());
  INFO(small.words());
  CHECK(small.words().find("Q.lin3gauss.weight") != std::string::npos);
  CHECK_FALSE(run.wrote("metrics.csv"));
}
