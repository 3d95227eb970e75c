#include <gradus/core/index_check.h>

#include <charconv>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include <gradus/core/on.h>
#include <gradus/core/recording.h>
#include <gradus/kernels/index.h>

namespace gradus {
namespace {

// With as many digits as tell it from its neighbours: 1.0000001 is not shown as 1.
template <class T>
std::string shown(T value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

#ifdef GRADUS_HAS_CUDA

using kernels::Cuda;

// The checks that GPUs were given, by number: what the message says when one has failed.
class Checks {
 public:
  struct Check {
    std::string op, what, where;
    DType dtype;
    auto operator<=>(const Check&) const = default;
  };

  Index number_of(const Check& check) {
    const std::lock_guard lock(mutex_);
    const auto [at, added] = numbers_.try_emplace(check, static_cast<Index>(checks_.size()) + 1);
    if (added) checks_.push_back(check);
    return at->second;
  }

  Check operator[](Index number) {
    const std::lock_guard lock(mutex_);
    return checks_[static_cast<std::size_t>(number - 1)];
  }

  void note_queued(Device device) {
    const std::lock_guard lock(mutex_);
    queued_.insert(device.index);
  }
  bool take_queued(Device device) {  // whether there were checks since the last call
    const std::lock_guard lock(mutex_);
    return queued_.erase(device.index) > 0;
  }

 private:
  std::mutex mutex_;
  std::map<Check, Index> numbers_;  // a training loop makes the same few checks again and again
  std::vector<Check> checks_;
  std::set<int> queued_;  // the GPUs that were given one and not asked since
};

Checks& checks() {
  static Checks& one = *new Checks;
  return one;
}

void wait(Cuda cuda, Device device) {
  if (!checks().take_queued(device)) return kernels::synchronize(cuda);
  const kernels::RangeReport report = kernels::take_range_report(cuda);
  if (report.check == 0) return;
  const Checks::Check failed = checks()[report.check];
  const std::string value = failed.dtype == int64     ? shown(report.index)
                            : failed.dtype == float32 ? shown(static_cast<float>(report.number))
                                                      : shown(report.number);
  fail(failed.op.c_str(), failed.what, " ", value, " at position ", report.position, " is ", failed.where,
       kernels::waits_for_each_kernel() ? "" : "; the op ran earlier on the GPU, GRADUS_SYNC=1 stops where it stands");
}

#endif

}  // namespace

void wait_for(Device device) {
#ifdef GRADUS_HAS_CUDA
  on_device(device, [&](auto exec) {
    if constexpr (std::is_same_v<decltype(exec), Cuda>) wait(exec, device);
  });
#else
  (void)device;
#endif
}

void check_range(const char* op, double low, double high, const Checked& first, const Checked& second) {
  on(first.t, [&]<class T>(auto exec) {
    if constexpr (std::is_same_v<decltype(exec), kernels::Cpu>) {
      for (const Checked* c : {&first, &second}) {
        if (!c->t.defined()) continue;
        const T* const x = pointer<T>(c->t);
        const Index bad = kernels::first_outside<T>(exec, c->t.numel(), T(low), T(high), x);
        if (bad >= 0) fail(op, c->what, " ", shown(x[bad]), " at position ", bad, " is ", c->where);
      }
    } else {
#ifdef GRADUS_HAS_CUDA
      const Device device = first.t.device();
      const auto numbered = [&](const Checked& c) -> kernels::RangeCheck<T> {
        if (!c.t.defined()) return {};
        return {checks().number_of({op, c.what, c.where, c.t.dtype()}), c.t.numel(), pointer<T>(c.t)};
      };
      kernels::check_range<T>(exec, T(low), T(high), numbered(first), numbered(second));
      checks().note_queued(device);
      if (Recording* const recording = Recording::current()) {
        recording->after_each_call([device] { checks().note_queued(device); });
      }
      if (kernels::waits_for_each_kernel()) wait(exec, device);
#endif
    }
  });
}

}  // namespace gradus
