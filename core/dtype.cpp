#include <gradus/core/dtype.h>

#include <charconv>

#include <gradus/core/cuda.h>
#include <gradus/core/error.h>

namespace gradus {

const char* name(DType t) {
  switch (t) {
    case DType::float32:
      return "float32";
    case DType::float64:
      return "float64";
    case DType::int64:
      return "int64";
  }
  return "?";
}

std::size_t size_of(DType t) { return t == DType::float32 ? 4 : 8; }

std::string Device::str() const { return is_cpu() ? "cpu" : "cuda:" + std::to_string(index); }

Device parse_device(std::string_view text) {
  if (text == "cpu") return cpu;
  Device d{Device::Type::cuda, 0};
  bool known = text == "cuda";
  if (text.starts_with("cuda:")) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + 5, end, d.index);
    known = error == std::errc() && stop == end && d.index >= 0;
  }
  check(known, "device", "expected cpu, cuda or cuda:N, got '", text, "'");
  const int count = cuda::device_count();
  check(count > 0, "device", text, " asked for, but ", cuda::why_unavailable(), "; use cpu");
  check(d.index < count, "device", text, " asked for, but there ",
        count == 1 ? "is one GPU, cuda:0" : "are " + std::to_string(count) + " GPUs");
  return d;
}

}  // namespace gradus
