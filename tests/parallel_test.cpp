#include <atomic>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gradus/kernels/parallel.h>

#include "catch.h"

#ifdef __linux__
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace gradus::kernels;

namespace {

struct Threads {  // sets the number of threads for a scope
  int before = num_threads();
  explicit Threads(int threads) { set_num_threads(threads); }
  ~Threads() { set_num_threads(before); }
};

// A sum whose value depends on the order of the additions.
double chunked_sum(Index n) {
  const Index grain = 1000;
  std::vector<double> part(static_cast<size_t>((n + grain - 1) / grain));
  parallel_ranges(n, grain, [&](Index begin, Index end) {
    double sum = 0;
    for (Index i = begin; i < end; ++i) sum += 1.0 / static_cast<double>(i + 1);
    part[static_cast<size_t>(begin / grain)] = sum;
  });
  return std::accumulate(part.begin(), part.end(), 0.0);
}

std::string message_of_loop(Index chunks, Index failing_from) {
  try {
    parallel_for(chunks, [=](Index chunk) {
      if (chunk >= failing_from) throw std::runtime_error("chunk " + std::to_string(chunk));
    });
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a loop calls every chunk once", "[parallel]") {
  for (int threads : {1, 2, 3, 7}) {
    const Threads scope(threads);
    for (Index chunks : {0, 1, 2, 3, 64, 1000}) {
      std::vector<std::atomic<int>> calls(static_cast<size_t>(chunks));
      parallel_for(chunks, [&](Index chunk) { ++calls[static_cast<size_t>(chunk)]; });
      for (auto& count : calls) REQUIRE(count == 1);
    }
  }
}

TEST_CASE("many short loops in a row lose no chunk", "[parallel]") {
  const Threads scope(4);
  Index total = 0;
  for (int round = 0; round < 20000; ++round) {
    std::atomic<Index> sum{0};
    parallel_for(5, [&](Index chunk) { sum += chunk; });
    total += sum;
  }
  REQUIRE(total == 20000 * 10);
}

TEST_CASE("ranges cover [0, n) with pieces of the grain", "[parallel]") {
  const Threads scope(3);
  for (Index n : {0, 1, 9, 10, 11, 105}) {
    std::vector<int> seen(static_cast<size_t>(n));
    parallel_ranges(n, 10, [&](Index begin, Index end) {
      if (begin % 10 != 0 || end > n || end - begin > 10 || end <= begin) return;
      for (Index i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
    });
    for (int count : seen) REQUIRE(count == 1);
  }
}

TEST_CASE("several threads take part", "[parallel]") {
  const Threads scope(2);
  std::atomic<int> inside{0};
  parallel_for(2, [&](Index) {  // returns only when both chunks run at the same time
    ++inside;
    while (inside < 2) std::this_thread::yield();
  });
  REQUIRE(inside == 2);
}

TEST_CASE("sums are the same to the bit with 1, 2, 3 and 7 threads", "[parallel]") {
  double expected;
  {
    const Threads scope(1);
    expected = chunked_sum(123456);
  }
  for (int threads : {2, 3, 7}) {
    const Threads scope(threads);
    for (int round = 0; round < 20; ++round) REQUIRE(chunked_sum(123456) == expected);
  }
}

TEST_CASE("an exception reaches the caller once, and it is that of the first failing chunk", "[parallel]") {
  for (int threads : {1, 2, 7}) {
    const Threads scope(threads);
    for (int round = 0; round < 50; ++round) {
      REQUIRE(message_of_loop(100, 10) == "chunk 10");
      REQUIRE(message_of_loop(100, 100) == "");  // the failure before left nothing behind
      REQUIRE(message_of_loop(1, 0) == "chunk 0");
    }
  }
}

TEST_CASE("a loop returns when its last chunk is done, and of two failures reports the lower chunk's", "[parallel]") {
  const Threads scope(2);
  for (Index slow : {0, 1}) {
    std::atomic<int> inside{0}, done{0};
    const auto body = [&](Index chunk) {
      ++inside;
      while (inside < 2) std::this_thread::yield();  // both run at the same time, on two threads
      if (chunk == slow) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ++done;
    };
    parallel_for(2, body);
    REQUIRE(done == 2);
    inside = 0;
    std::string message;
    try {
      parallel_for(2, [&](Index chunk) {
        body(chunk);
        throw std::runtime_error("chunk " + std::to_string(chunk));
      });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    REQUIRE(message == "chunk 0");
  }
}

TEST_CASE("a loop inside a loop runs on the thread that meets it", "[parallel]") {
  for (int threads : {1, 3}) {
    const Threads scope(threads);
    for (Index outer : {1, 6}) {
      std::atomic<int> calls{0}, strangers{0};
      parallel_for(outer, [&](Index) {
        const auto self = std::this_thread::get_id();
        parallel_for(10, [&](Index) {
          ++calls;
          if (std::this_thread::get_id() != self) ++strangers;
          std::this_thread::sleep_for(std::chrono::microseconds(500));  // time for others to take a chunk
        });
      });
      REQUIRE(calls == 10 * outer);
      REQUIRE(strangers == 0);
    }
  }
}

TEST_CASE("loops of several threads at once all finish, with their own results", "[parallel]") {
  const Threads scope(3);
  const double expected = chunked_sum(20000);
  std::atomic<int> wrong{0};
  std::vector<std::thread> users;
  for (int user = 0; user < 3; ++user) {
    users.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        if (chunked_sum(20000) != expected) ++wrong;
        if (message_of_loop(20, 3) != "chunk 3") ++wrong;
      }
    });
  }
  for (auto& user : users) user.join();
  REQUIRE(wrong == 0);
}

TEST_CASE("the number of threads changes at run time", "[parallel]") {
  const Threads scope(1);
  for (int threads : {1, 5, 2, 3, 1, 4}) {
    set_num_threads(threads);
    REQUIRE(num_threads() == threads);
    std::atomic<int> calls{0};
    parallel_for(50, [&](Index) { ++calls; });
    REQUIRE(calls == 50);
  }
  REQUIRE_THROWS_AS(set_num_threads(0), gradus::Error);
  REQUIRE_THROWS_AS(set_num_threads(-3), gradus::Error);
  REQUIRE(num_threads() == 4);
}

TEST_CASE("with one thread, and with one chunk, the caller does everything itself", "[parallel]") {
  for (int threads : {1, 4}) {
    const Threads scope(threads);
    std::set<std::thread::id> who;
    parallel_for(threads == 1 ? 100 : 1, [&](Index) { who.insert(std::this_thread::get_id()); });
    REQUIRE(who == std::set<std::thread::id>{std::this_thread::get_id()});
  }
}

TEST_CASE("workers that have gone to sleep wake up again", "[parallel]") {
  const Threads scope(2);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::atomic<int> inside{0};
    parallel_for(2, [&](Index) {
      ++inside;
      while (inside < 2) std::this_thread::yield();
    });
    REQUIRE(inside == 2);
  }
}

#ifdef __linux__
namespace {

// Ends the child process with f's result. In the parent, returns the child's status.
template <class F>
int status_of_child(F f) {
  const pid_t child = fork();
  if (child == 0) std::_Exit(f());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// The status of this program when it runs the hidden case below with GRADUS_THREADS set to `value`.
int status_with_threads(const char* value) {
  return status_of_child([=] {
    setenv("GRADUS_THREADS", value, 1);
    execl("/proc/self/exe", "unit_tests", "[read_gradus_threads]", static_cast<char*>(nullptr));
    return 99;
  });
}

}  // namespace

TEST_CASE("reports num_threads() as an exit status", "[.][read_gradus_threads]") {
  int status = 98;
  try {
    status = num_threads();
  } catch (const gradus::Error& error) {
    status = std::string(error.what()).find("GRADUS_THREADS: expected a number of threads from 1, got") == 0 ? 97 : 96;
  }
  std::_Exit(status);
}

TEST_CASE("GRADUS_THREADS sets the number of threads, and what is no such number is refused", "[parallel]") {
  CHECK(status_with_threads("3") == 3);
  CHECK(status_with_threads("1") == 1);
  for (const char* wrong : {"0", "-2", "two", "3x", "99999999999999999999"}) CHECK(status_with_threads(wrong) == 97);
  cpu_set_t mask;
  REQUIRE(sched_getaffinity(0, sizeof mask, &mask) == 0);
  CHECK(status_with_threads("") == CPU_COUNT(&mask));
}

#ifdef __has_feature
#define GRADUS_THREAD_SANITIZER __has_feature(thread_sanitizer)
#elif defined(__SANITIZE_THREAD__)
#define GRADUS_THREAD_SANITIZER 1
#else
#define GRADUS_THREAD_SANITIZER 0
#endif

#if !GRADUS_THREAD_SANITIZER  // it ends a forked child that starts threads
TEST_CASE("a forked child has a pool of its own", "[parallel]") {
  const Threads scope(3);
  const double expected = chunked_sum(50000);
  const auto child = [&] {
    alarm(10);  // ends a child that waits for ever
    std::atomic<int> inside{0};
    parallel_for(2, [&](Index) {
      ++inside;
      while (inside < 2) std::this_thread::yield();
    });
    return chunked_sum(50000) == expected ? 7 : 8;
  };
  CHECK(status_of_child(child) == 7);
  CHECK(chunked_sum(50000) == expected);
}
#endif
#endif
