// DType and Device: the two run-time tags of a tensor.
#pragma once
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>

#include <gradus/kernels/exec.h>

namespace gradus {

enum class DType { float32, float64, int64 };
inline constexpr DType float32 = DType::float32, float64 = DType::float64, int64 = DType::int64;

const char* name(DType t);     // "float32"
std::size_t size_of(DType t);  // bytes of one element
inline bool is_floating(DType t) { return t != DType::int64; }
inline std::ostream& operator<<(std::ostream& out, DType t) { return out << name(t); }

// The tag of a C++ type: dtype_of<float> is float32.
template <class T>
requires(std::is_same_v<T, float> || std::is_same_v<T, double> ||
         std::is_same_v<T, kernels::Index>) inline constexpr DType dtype_of = std::is_same_v<T, float> ? DType::float32
                                                                              : std::is_same_v<T, double>
                                                                                  ? DType::float64
                                                                                  : DType::int64;

// cpu, or a CUDA device by number.
struct Device {
  enum class Type { cpu, cuda };
  Type type = Type::cpu;
  int index = 0;

  bool is_cpu() const { return type == Type::cpu; }
  std::string str() const;  // "cpu", "cuda:0"
  friend bool operator==(Device, Device) = default;
  friend std::ostream& operator<<(std::ostream& out, Device d) { return out << d.str(); }
};
inline constexpr Device cpu{};

// "cpu", "cuda" or "cuda:1". Throws Error for anything else, and for a device that this build or machine does not have.
Device parse_device(std::string_view text);

}  // namespace gradus
