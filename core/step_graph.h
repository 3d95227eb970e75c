// StepGraph: a training step that a GPU is given by a single call.
//
//   Adam adam(net.parameters());
//   StepGraph step([&](const Tensor& images, const Tensor& labels) {
//     adam.zero_grad();
//     const Tensor loss = cross_entropy(net(images), labels);
//     loss.backward();
//     adam.step();
//     return loss;
//   });
//   for (const Batch& batch : loader) losses.add(step(batch.images, batch.labels));
//
// A step of a hundred small kernels takes the host longer to give out than the GPU to run. So the first call runs the
// function as it stands, the second writes down what it gives the GPU, a CUDA graph, and every call from then on has
// the GPU do all of it again, on the numbers of that call's inputs: n calls are n steps, with the results of n plain
// ones to the bit. On the CPU a call is the function's call, and with GRADUS_SYNC=1 too.
//
// The function's own code does not run again. What it decides on the host, a branch or a number of its own, is decided
// when it is recorded: after a change there, call reset(). What may change from call to call:
//
//  - the inputs' numbers;
//  - the optimisers' rates, the numbers that parameters hold, and where the random generators stand, which are in the
//    end where plain steps would have left them;
//  - the inputs' shapes, train and eval mode, whether there are gradients yet, the precision of products. Each kind of
//    call is recorded for itself, up to four; further ones are plain steps, and so is the first one of a kind for which
//    a library has yet to choose its algorithms.
//
// What it returns is a new tensor each time, without a graph of its own. Gradients lie in memory that the next call
// writes to. While the step is recorded, what needs its results, or what CUDA cannot record, throws Error and says what
// to do instead: item(), to(cpu), to_vector(), printing, copies from the CPU, draws on the CPU, manual_seed,
// cuda::synchronize, a parameter's first gradient. Nothing has happened then but the error.
#pragma once
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <gradus/core/tensor.h>

namespace gradus {

class StepGraph {
 public:
  // f takes up to six tensors, the inputs, and returns one (or nothing). record = false: every call is a plain step.
  template <class F>
  explicit StepGraph(F f, bool record = true) : StepGraph(erased(std::move(f)), Record{record}) {}
  ~StepGraph();
  StepGraph(StepGraph&&) noexcept;
  StepGraph& operator=(StepGraph&&) noexcept;

  // One step. Inputs on a GPU are copied into the recorded step's own; without inputs the first call's result says
  // where it runs. Inputs that require a gradient make it a plain step.
  template <class... Inputs>
  Tensor operator()(const Inputs&... inputs) {
    return call({inputs...});
  }

  void reset();  // forgets what was recorded, and its memory; the next call is a first one

 private:
  using Step = std::function<Tensor(const Tensors& inputs)>;
  struct Record {
    bool on;
  };
  struct Impl;

  StepGraph(Step f, Record record);
  Tensor call(const Tensors& inputs);

  template <class F, std::size_t n = 0>
  static Step erased(F f);

  std::unique_ptr<Impl> impl_;
};

// --- how a function of n tensors becomes one of a list of them ---

namespace detail {
template <std::size_t>
using TensorAt = const Tensor&;

void check_inputs(std::size_t got, std::size_t expected);

template <class F, std::size_t... I>
constexpr bool takes_tensors(std::index_sequence<I...>) {
  return std::is_invocable_v<F&, TensorAt<I>...>;
}

template <class F, std::size_t... I>
std::function<Tensor(const Tensors&)> of_list(F f, std::index_sequence<I...>) {
  return [f = std::move(f)]([[maybe_unused]] const Tensors& inputs) mutable -> Tensor {
    check_inputs(inputs.size(), sizeof...(I));
    if constexpr (std::is_void_v<std::invoke_result_t<F&, TensorAt<I>...>>) {
      f(inputs[I]...);
      return {};
    } else {
      return f(inputs[I]...);
    }
  };
}
}  // namespace detail

template <class F, std::size_t n>
StepGraph::Step StepGraph::erased(F f) {
  static_assert(n <= 6, "the step takes up to six tensors, const Tensor&, and nothing else");
  if constexpr (detail::takes_tensors<F>(std::make_index_sequence<n>())) {
    return detail::of_list(std::move(f), std::make_index_sequence<n>());
  } else {
    return erased<F, n + 1>(std::move(f));
  }
}

}  // namespace gradus
