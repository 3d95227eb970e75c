#include <gradus/core/step_graph.h>

#include <algorithm>
#include <vector>

#include <gradus/core/channels_last.h>
#include <gradus/core/recording.h>
#ifdef GRADUS_HAS_CUDA
#include <gradus/kernels/cuda.h>
#include <gradus/kernels/vendor/plan_cache.h>
#endif

namespace gradus {
namespace {

// What must be the same for two calls to be the same launches.
struct Like {
  Shape shape;
  DType dtype = float32;
  Device device;
  bool defined = false, channels_last = false;
  explicit Like(const Tensor& t) : defined(t.defined()) {
    if (!defined) return;
    shape = t.shape();
    dtype = t.dtype();
    device = t.device();
    channels_last = gradus::channels_last(t);
  }
  bool operator==(const Like&) const = default;
};

#ifdef GRADUS_HAS_CUDA
constexpr std::size_t most_recordings = 4;

bool wants_gradient(const Tensors& inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) { return t.defined() && t.requires_grad(); });
}
#endif

}  // namespace

void detail::check_inputs(std::size_t got, std::size_t expected) {
  check(got == expected, "StepGraph", "the step takes ", expected, " inputs, got ", got);
}

struct StepGraph::Impl {
  Step f;
  bool record;
  std::vector<std::vector<Like>> seen;  // the inputs of the plain calls
  std::vector<std::unique_ptr<Recording>> recordings;
  Device device;  // where the first call's result lay

  // Where the step runs: where its inputs are, or, without any, where its result was.
  Device device_of(const Tensors& inputs) const {
    for (const Tensor& t : inputs) {
      if (t.defined()) return t.device();
    }
    return device;
  }

  Tensor plain_call(const Tensors& inputs, const std::vector<Like>& like) {
    const Tensor result = f(inputs);
    if (result.defined()) device = result.device();
    seen.push_back(like);
    return result;
  }
};

StepGraph::StepGraph(Step f, Record record) : impl_(new Impl{std::move(f), record.on, {}, {}, {}}) {}
StepGraph::~StepGraph() = default;
StepGraph::StepGraph(StepGraph&&) noexcept = default;
StepGraph& StepGraph::operator=(StepGraph&&) noexcept = default;

void StepGraph::reset() {
  impl_->recordings.clear();
  impl_->seen.clear();
}

#ifdef GRADUS_HAS_CUDA

Tensor StepGraph::call(const Tensors& inputs) {
  Impl& s = *impl_;
  // A step within a recorded one is a part of that.
  if (!s.record || Recording::current() || kernels::waits_for_each_kernel() || wants_gradient(inputs))
    return s.f(inputs);
  const std::vector<Like> like(inputs.begin(), inputs.end());
  if (std::find(s.seen.begin(), s.seen.end(), like) == s.seen.end()) {
    if (s.seen.size() == most_recordings) return s.f(inputs);
    return s.plain_call(inputs, like);
  }
  const Device device = s.device_of(inputs);
  if (device.is_cpu()) return s.f(inputs);
  for (const auto& recording : s.recordings) {
    if (recording->takes(inputs) && recording->holds()) return recording->call(inputs);
  }
  if (s.recordings.size() == most_recordings) return s.f(inputs);
  try {
    s.recordings.push_back(std::make_unique<Recording>(s.f, inputs, device));
  } catch (const kernels::NotPrepared&) {  // another kind of step than the plain call's: eval mode, say
    return s.f(inputs);
  }
  return s.recordings.back()->call(inputs);
}

#else

Tensor StepGraph::call(const Tensors& inputs) { return impl_->f(inputs); }

#endif

}  // namespace gradus
