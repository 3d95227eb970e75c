#include <gradus/kernels/vendor/cudnn_conv2d.h>

#include <string>

#include <gradus/kernels/cuda.h>
#include <gradus/kernels/matmul.h>
#include <gradus/kernels/vendor/cudnn_graph.h>
#include <gradus/kernels/vendor/plan_cache.h>
#include <gradus/kernels/vendor/product.h>
#include <gradus/kernels/vendor/recording.h>

namespace gradus::kernels::cudnn {
namespace {

bool is_empty(const ConvExtents& e) { return e.n * e.c * e.h * e.w * e.out_c * e.out_h * e.out_w == 0; }

// Null where cuDNN has no plan for it.
const ConvPlan* plan_for(Cuda cuda, Convolution what, const ConvExtents& e, const Places& at) {
  static auto& plans = *new PlanCache<ConvProduct, ConvPlan>;
  const ConvProduct p{what, e, precision(), current_device(), alignment_of(at.image, at.result)};
  return plans.at(p, is_recorded(cuda), "conv2d", [&]() -> std::unique_ptr<ConvPlan> {
    auto made = make_plan(p, Device::current());
    return made ? std::make_unique<ConvPlan>(std::move(*made)) : nullptr;
  });
}

void execute(Cuda cuda, const ConvPlan& plan, const Places& at, KernelRecord& record, const TakeMemory& memory) {
  void* const workspace = plan.workspace > 0 ? memory(static_cast<std::size_t>(plan.workspace)) : nullptr;
  const Descriptor arguments = make_arguments(at, workspace);
  static std::mutex mutex;  // between the stream's choice and its use
  const std::lock_guard lock(mutex);
  check(functions().set_stream(handle(), cuda.stream));
  check(functions().execute(handle(), plan.plan.get(), arguments.get()));
  ++record.launches;
}

}  // namespace

bool conv2d(Cuda cuda, const ConvExtents& e, const float* x, const float* w, const float* bias, float* y,
            const TakeMemory& memory) {
  static KernelRecord record("kernel = cudnn_conv2d]");
  if (is_empty(e)) return false;
  const Places with_bias{x, w, y, bias}, without{x, w, y, nullptr};
  if (bias) {
    if (const ConvPlan* plan = plan_for(cuda, Convolution::forward_bias, e, with_bias)) {
      execute(cuda, *plan, with_bias, record, memory);
      return true;
    }
  }
  const ConvPlan* const plan = plan_for(cuda, Convolution::forward, e, without);
  if (!plan) return false;
  execute(cuda, *plan, without, record, memory);
  if (bias) add_bias(cuda, e.n * e.out_h * e.out_w, e.out_c, bias, y);
  return true;
}

bool conv2d_input_grad(Cuda cuda, const ConvExtents& e, const float* dy, const float* w, float* dx,
                       const TakeMemory& memory) {
  static KernelRecord record("kernel = cudnn_conv2d_input_grad]");
  const Places at{dx, w, dy, nullptr};
  const ConvPlan* const plan = is_empty(e) ? nullptr : plan_for(cuda, Convolution::input_grad, e, at);
  if (plan) execute(cuda, *plan, at, record, memory);
  return plan != nullptr;
}

bool conv2d_weight_grad(Cuda cuda, const ConvExtents& e, const float* x, const float* dy, float* dw,
                        const TakeMemory& memory) {
  static KernelRecord record("kernel = cudnn_conv2d_weight_grad]");
  const Places at{x, dw, dy, nullptr};
  const ConvPlan* const plan = is_empty(e) ? nullptr : plan_for(cuda, Convolution::weight_grad, e, at);
  if (plan) execute(cuda, *plan, at, record, memory);
  return plan != nullptr;
}

}  // namespace gradus::kernels::cudnn
