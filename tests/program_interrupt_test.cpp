// Ctrl-C: the step is finished, what there is is saved, and the exit code says what happened.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <gradus/core/ops.h>
#include <gradus/core/safetensors.h>
#include <gradus/examples/program_epochs.h>

#include "catch.h"
#include "cifar10_files.h"
#include "lecture_run.h"
#include "program_trial.h"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

std::size_t threads() { return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/task"), {})); }

struct sigaction action_of(int signal) {
  struct sigaction action {};
  ::sigaction(signal, nullptr, &action);
  return action;
}

// A lecture's program that runs beside the test; what it prints goes to a file.
class Child {
 public:
  Child(const std::string& program, std::vector<std::string> words, const fs::path& output) {
    words.insert(words.begin(), std::string(GRADUS_EXAMPLES_DIR) + "/" + program);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const int file = ::open(output.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::signal(SIGINT, SIG_DFL);  // ctest, in a script's background, may ignore it
      ::dup2(file, STDOUT_FILENO);
      ::dup2(file, STDERR_FILENO);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(file);
  }
  ~Child() {
    if (!ended_) {
      ::kill(pid_, SIGKILL);
      wait();
    }
  }
  void send(int signal) const { ::kill(pid_, signal); }
  int wait() {  // the status
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ended_ = true;
    return status;
  }
  bool has_ended() {
    int status = 0;
    if (!ended_) ended_ = ::waitpid(pid_, &status, WNOHANG) == pid_;
    return ended_;
  }

 private:
  pid_t pid_;
  bool ended_ = false;
};

void pause(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

template <class Condition>
void wait_until(Child& child, Condition&& holds) {
  for (int i = 0; i < 3000 && !holds(); ++i) {
    REQUIRE_FALSE(child.has_ended());
    pause(20);
  }
  REQUIRE(holds());
}

}  // namespace

TEST_CASE("Ctrl-C ends an epoch after its step, saves, and joins the loader's workers", "[program]") {
  std::thread([] {}).join();  // with the first thread ThreadSanitizer starts one of its own, which stays
  for (const int signal : {SIGINT, SIGTERM}) {
    Trial trial;
    int steps = 0, saved = 0;
    std::size_t before = 0;
    const auto old = action_of(signal).sa_handler;
    CHECK(trial.run({}, [&](Program& program) {
      DataLoader loader({ones({40, 4}), zeros({40}, int64)}, {.batch_size = 1, .workers = 3});
      before = threads();
      int alive = 7;  // what `save` refers to is gone when run() ends
      program.on_interrupt([&] { saved = alive; });
      program.record({"training", 1, 0.5, {}, 1});
      Progress progress("training", 2, loader.size(), true);
      run_epoch(loader, progress, [&](const Tensor& x, const Tensor&) {
        if (++steps == 5) ::raise(signal);
        return mean(x);
      });
      alive = 0;
      FAIL("the epoch went on");
    }) == 128 + signal);
    CHECK(steps == 5);
    CHECK(saved == 7);
    for (int i = 0; i < 500 && threads() != before; ++i) pause(10);  // /proc may show a joined one for a moment
    CHECK(threads() == before);
    CHECK(action_of(signal).sa_handler == old);
    CHECK(!interrupted());
    CHECK(trial.err ==
          "trial: interrupted; " + (trial.folder / "report.html").string() + " shows what it has come to\n");
    CHECK(contains(content(trial.folder / "report.html"),
                   "<p>This run was interrupted: it has come to epoch 1 of phase training.</p>"));
    CHECK(content(trial.folder / "metrics.csv") == "phase,epoch,loss,accuracy,seconds\ntraining,1,0.5,,1.000\n");
    CHECK(!fs::exists(trial.folder / "results.json"));
  }
}

TEST_CASE("after Ctrl-C in the first epoch nothing of an earlier run's figures is left", "[program]") {
  Trial trial;
  REQUIRE(trial.run({}, [](Program& program) { program.record({"training", 1, 0.5, 10, 1}); }) == 0);
  REQUIRE(fs::exists(trial.folder / "results.json"));
  CHECK(trial.run({}, [](Program&) {
    ::raise(SIGINT);
    CHECK(interrupted());
    stop_if_interrupted();
  }) == 130);
  for (const char* name : {"results.json", "metrics.csv", "curves.svg"}) CHECK(!fs::exists(trial.folder / name));
  CHECK(contains(content(trial.folder / "report.html"), "<p>This run was interrupted, and has no figures yet.</p>"));
}

TEST_CASE("Ctrl-C in a test of the network, at the end, and where a save fails", "[program]") {
  Trial trial;
  int batches = 0;
  CHECK(trial.run({}, [&](Program&) {
    DataLoader loader({ones({40, 2}), zeros({40}, int64)}, {.batch_size = 1});
    test_accuracy([&](const Tensor& x) { return ++batches == 3 ? (::raise(SIGINT), x) : x; }, loader, {"a", "b"});
  }) == 130);
  CHECK(batches == 3);
  // The work is done: nothing is missing, but a script that runs one program after the other stops.
  CHECK(trial.run({}, [](Program&) { ::raise(SIGINT); }) == 130);
  CHECK(fs::exists(trial.folder / "results.json"));
  CHECK(!contains(content(trial.folder / "report.html"), "interrupted"));
  CHECK(trial.run({}, [](Program& program) {
    program.on_interrupt([] { fail("save", "the disk is full"); });
    ::raise(SIGINT);
    stop_if_interrupted();
  }) == 1);
  CHECK(trial.err == "trial: save: the disk is full\n");
  // A loss that is NaN is said, not saved.
  bool saved = false;
  CHECK(trial.run({}, [&](Program& program) {
    program.on_interrupt([&] { saved = true; });
    DataLoader loader({ones({4, 2}), zeros({4}, int64)}, {.batch_size = 1});
    Progress progress("training", 1, loader.size(), true);
    run_epoch(loader, progress, [](const Tensor& x, const Tensor&) {
      ::raise(SIGINT);
      return mean(x / 0);
    });
  }) == 1);
  CHECK(!saved);
}

TEST_CASE("what is ignored stays ignored, and outside of a run nobody listens", "[program]") {
  struct sigaction ignore {
  }, old{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &ignore, &old);
  Trial trial;
  CHECK(trial.run({}, [](Program&) {
    ::raise(SIGINT);
    CHECK(!interrupted());
  }) == 0);
  CHECK(action_of(SIGINT).sa_handler == SIG_IGN);
  ::sigaction(SIGINT, &old, nullptr);
  CHECK(!interrupted());
  CHECK_NOTHROW(stop_if_interrupted());
}

TEST_CASE("Ctrl-C while lecture 20 trains: its autoencoder, its figures and its report are there, and whole",
          "[program]") {
  TempDir dir;
  write_small_mnist(dir.path());
  write_file(dir.path() / "mnist/train-images-idx3-ubyte", image_bytes(2000));  // so that an epoch takes a while
  write_file(dir.path() / "mnist/train-labels-idx1-ubyte", label_bytes(2000));
  const fs::path out = dir.path() / "out";
  Child child("lecture20_denoising_autoencoder",
              {"--data", dir.path().string(), "--out", out.string(), "--batch-size", "20", "--epochs", "100000"},
              dir.path() / "output");
  wait_until(child, [&] { return fs::exists(out / "report.html"); });
  pause(50);
  child.send(SIGINT);
  const int status = child.wait();
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(out)) names.insert(entry.path().filename());
  CHECK(names == std::set<std::string>{"autoencoder.safetensors", "curves.svg", "metrics.csv", "report.html"});
  CHECK(load_safetensors((out / "autoencoder.safetensors").string()).size() == 4);
  const std::string metrics = content(out / "metrics.csv"), page = content(out / "report.html");
  const auto epochs = std::count(metrics.begin(), metrics.end(), '\n') - 1;
  CHECK(contains(page, formatted("This run was interrupted: it has come to epoch %ld of phase autoencoder.", epochs)));
  CHECK(page.ends_with("</html>\n"));
  CHECK(contains(content(dir.path() / "output"), "lecture20_denoising_autoencoder: interrupted; "));
}

TEST_CASE("Ctrl-C while lecture 32 tests a network; twice, and it ends at once", "[program]") {
  TempDir dir;
  const std::string name = "lecture32_convolutional_autoencoder";
  write_small_cifar10(dir.path());
  const LectureRun run(name,
                       "--quiet --batch-size 5 --epochs 0 --classifier-epochs 0 --data '" + dir.path().string() + "'");
  REQUIRE(run.succeeded());
  const fs::path folder = dir.path() / "cifar-10-batches-bin";
  write_file(folder / "test_batch.bin", cifar10_bytes(2000));
  for (const char i : {'1', '2', '3', '4', '5'})
    write_file(folder / ("data_batch_" + std::string(1, i) + ".bin"), cifar10_bytes(100));
  const fs::path out = dir.path() / "out", output = dir.path() / "output";
  const auto started = [&] { return contains(content(output), "\n\n"); };  // it said what its data are
  {
    Child child(name,
                {"--data", dir.path().string(), "--out", out.string(), "--batch-size", "1", "--evaluate",
                 run.path("autoencoder.safetensors")},
                output);
    wait_until(child, started);
    child.send(SIGINT);
    const int status = child.wait();
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 130);
    CHECK(!fs::exists(out / "results.json"));
    CHECK(contains(content(out / "report.html"), "This run was interrupted"));
    CHECK(!fs::exists(out / "autoencoder.safetensors"));  // there is nothing to save
  }
  Child child(name, {"--data", dir.path().string(), "--out", out.string(), "--batch-size", "500"}, output);
  wait_until(child, started);
  pause(200);
  child.send(SIGINT);
  pause(50);
  child.send(SIGINT);
  const int status = child.wait();
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}
