// Recording: one training step as StepGraph has recorded it. For gradus's own sources: users see step_graph.h.
//
// Note [What a recorded step repeats]. A graph repeats launches; it runs none of the host's code. So while the step is
// recorded, whoever keeps something on the host tells the Recording of this thread, which does in each call what the
// step's code would have done:
//
//  - numbers that differ from call to call (the optimisers' rates and corrections, where the generators stand) lie in
//    the GPU's memory, and are sent there before the launches: value();
//  - what the host counts on (the optimisers' steps, the generators' offsets, gradients, versions) is counted on:
//    each_call(), draw(), and by the tensors themselves;
//  - where a recording would no longer do what the step does, it is not used: require(). So it is for a parameter that
//    lies elsewhere now, for a gradient that is there now and was not then, for a module that is in eval mode now.
//
// Recording runs the step's code but none of its launches, so it is rolled back at its end, and the first call is a
// call like all others. A recording that failed is rolled back, too.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include <gradus/core/allocator.h>
#include <gradus/core/random.h>
#include <gradus/core/tensor.h>
#include <gradus/kernels/philox.h>

namespace gradus {

namespace kernels {
class Graph;
}

class Recording {
 public:
  using Step = std::function<Tensor(const Tensors& inputs)>;

  // Records f on inputs that are like these. Throws Error for what cannot be recorded, and what f throws; everything is
  // as before then.
  Recording(const Step& f, const Tensors& inputs, Device device);
  ~Recording();
  Recording(const Recording&) = delete;

  bool takes(const Tensors& inputs) const;  // whether they are like those that it was recorded with
  bool holds() const;                       // whether it still does what the step would do; throws what the step would
  Tensor call(const Tensors& inputs);       // one step. What it returns is a copy

  // --- for what runs while a step is recorded ---
  static Recording* current();  // the one of this thread, null where nothing is recorded

  void note_use(const Tensor& t, void* at);              // a tensor's address was taken
  void note_change(const Tensor& t);                     // a tensor was changed in place
  void note_gradient(const Tensor& leaf, bool is_read);  // before a gradient is read or set
  kernels::PhiloxStart draw(Generator& from, std::uint64_t counters);
  void ended(const Generator& generator);
  void require(std::function<bool()> holds);
  // A flag of the host's is read, which must then be as it is now when the step begins; or set, and from there on it
  // may be what it likes (holds is empty).
  void note_flag(const void* flag, std::function<bool()> holds);
  void each_call(std::function<void()> before_launch, std::function<void()> roll_back);
  void after_each_call(std::function<void()> after_launch);

  // Where a launch reads, on the GPU, what now() returns in each call, just before the launches.
  template <class V>
  const V* value(std::function<V()> now) {
    static_assert(std::is_trivially_copyable_v<V> && alignof(V) <= sizeof(std::uint64_t));
    const std::size_t words = (sizeof(V) + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
    return static_cast<const V*>(add_value(words, [now](std::uint64_t* to) {
      const V v = now();
      std::memcpy(to, &v, sizeof v);
    }));
  }

 private:
  using Fill = std::function<void(std::uint64_t* to)>;
  struct Page {  // of values, 256 words
    Tensor on_gpu;
    std::vector<std::pair<std::size_t, Fill>> values;  // the word where each begins
    std::size_t words = 0;
  };
  struct Input {  // a fixed buffer, and where it lies: what the step makes of the handle is its own
    Tensor buffer;
    void* at;
  };
  struct Leaf {  // a tensor whose gradient the step reads or sets
    Tensor leaf;
    Tensor before;  // its gradient when the recording began, until it is rolled back
    Tensor entry;   // the fixed buffer of that gradient, where the step begins by reading it
    bool is_read;
    Tensor after;  // what the step leaves
  };
  struct Source {          // a generator that the step draws from
    Generator* generator;  // null: the calling thread's default generator
    std::uint64_t seed, start, next;
    const kernels::PhiloxStart* base;
    Generator& get() const { return generator ? *generator : default_generator(); }
  };

  void make_inputs(const Tensors& inputs);
  void record(const Step& f);
  void roll_back();
  void* add_value(std::size_t words, Fill fill);
  void send_values();
  void copy(const Tensor& from, void* to) const;
  bool is_own(const Tensor& t) const;

  Device device_;
  MemoryPool pool_;   // what the step allocates; it may take a block that it freed before
  MemoryPool fixed_;  // what is written before the launches, so in no block that they use for anything else
  std::vector<Input> inputs_;
  Tensors like_;  // the fixed buffers' handles, for takes()
  Tensor result_;
  std::vector<Page> pages_;
  std::vector<Leaf> leaves_;
  std::vector<Source> sources_;
  std::vector<std::pair<Tensor, void*>> used_;
  Tensors changed_;
  std::set<const void*> flags_;  // those that were read or set
  std::vector<std::function<bool()>> required_;
  std::vector<std::function<void()>> before_, after_, back_;
  std::unique_ptr<kernels::Graph> graph_;
};

// Where now()'s value of each call lies on the GPU, for what is recorded; null where nothing is.
template <class F>
auto recorded_value(F now) -> const std::invoke_result_t<F>* {
  Recording* const recording = Recording::current();
  return recording ? recording->value(std::function<std::invoke_result_t<F>()>(now)) : nullptr;
}

// Throws Error while this thread records a step: "OP: WHAT while a step is recorded (StepGraph); INSTEAD".
void refuse_while_recording(const char* op, const std::string& what, const std::string& instead);

}  // namespace gradus
