#include <gradus/layers/images.h>

#include <sstream>

namespace gradus {
namespace {

// PyTorch's words for two numbers: one where they are equal.
template <class T>
std::string pair(T a, T b) {
  std::ostringstream text;
  if (a == b)
    text << a;
  else
    text << "(" << a << ", " << b << ")";
  return text.str();
}

std::string pair(Size2d s) { return pair(s.h, s.w); }

std::string extra(const UpsampleOptions& o) {
  check(o.mode == UpsampleMode::bilinear || !o.align_corners, "Upsample", "align_corners belongs to mode bilinear");
  const bool by_size = !(o.size == Size2d(0));
  return (by_size ? "size=" + pair(o.size) : "scale_factor=" + pair(o.scale_factor.h, o.scale_factor.w)) +
         ", mode=" + (o.mode == UpsampleMode::nearest ? "nearest" : "bilinear");
}

}  // namespace

Upsample::Upsample(const UpsampleOptions& o) : Module("Upsample", extra(o)), options(o) {}

Tensor Upsample::operator()(const Tensor& x) const {
  const Resize to{options.size, options.scale_factor};
  return options.mode == UpsampleMode::nearest ? upsample_nearest2d(x, to)
                                               : upsample_bilinear2d(x, to, options.align_corners);
}

MaxPool2d::MaxPool2d(Size2d size, Size2d step, Size2d pad)
    : Module("MaxPool2d", "kernel_size=" + pair(size) + ", stride=" + pair(step == Size2d(0) ? size : step) +
                              ", padding=" + pair(pad)),
      kernel(size),
      stride(step),
      padding(pad) {}

Flatten::Flatten(Index first_dim, Index last_dim)
    : Module("Flatten", "start_dim=" + std::to_string(first_dim) + ", end_dim=" + std::to_string(last_dim)),
      first(first_dim),
      last(last_dim) {}

}  // namespace gradus
