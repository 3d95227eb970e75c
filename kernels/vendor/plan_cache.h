// PlanCache: what a library prepares for a product of one shape (an algorithm, a workspace's size), made once and kept.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <gradus/kernels/error.h>

namespace gradus::kernels {

// What is recorded needs a plan, which only a plain run makes.
struct NotPrepared : Error {
  using Error::Error;
};

// Key: a struct of all that the plan depends on, with operator<=>, and with `alignment`, a power of two: to how many
// bytes the product's addresses are aligned.
template <class Key, class Plan>
class PlanCache {
 public:
  // The plan for the key: what make(), a std::unique_ptr<Plan>, gave at the first asking. Null is kept as well: there
  // is no plan. Where make() throws nothing is kept.
  //
  // A product that is recorded as part of a CUDA graph gets a plan that is there: to make one would load code and take
  // memory. A plan for addresses less aligned will do, as recorded inputs lie in buffers of their own. Throws
  // NotPrepared, naming op, where there is none.
  template <class Make>
  Plan* at(const Key& key, bool recorded, const char* op, Make make) {
    const std::lock_guard lock(mutex_);
    for (Key less = key; less.alignment > 0; less.alignment = recorded ? less.alignment / 2 : 0) {
      if (const auto found = plans_.find(less); found != plans_.end()) return found->second.get();
    }
    if (recorded) {
      throw NotPrepared(std::string(op) +
                        ": a shape that comes for the first time cannot be recorded; run the step once before");
    }
    return plans_.emplace(key, make()).first->second.get();
  }

 private:
  std::mutex mutex_;
  std::map<Key, std::unique_ptr<Plan>> plans_;
};

}  // namespace gradus::kernels
