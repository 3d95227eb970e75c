#include <gradus/kernels/libraries.h>

#include <atomic>
#include <cstdlib>

#include <gradus/kernels/error.h>
#ifdef GRADUS_HAS_CUBLAS
#include <gradus/kernels/vendor/cublas.h>
#endif
#ifdef GRADUS_HAS_CUDNN
#include <gradus/kernels/vendor/cudnn.h>
#endif

namespace gradus::kernels {
namespace {

// A library of NVIDIA's: its name and version, or why it is not used; both empty where it was not built in.
struct Vendor {
  std::string name, why_not;
  bool is_built_in() const { return !name.empty() || !why_not.empty(); }
};

// Both open the library at the first call.
const Vendor& cublas_facts() {
#ifdef GRADUS_HAS_CUBLAS
  static const Vendor facts{cublas::why_not().empty() ? "cuBLASLt " + cublas::version() : "", cublas::why_not()};
#else
  static const Vendor facts;
#endif
  return facts;
}
const Vendor& cudnn_facts() {
#ifdef GRADUS_HAS_CUDNN
  static const Vendor facts{cudnn::why_not().empty() ? "cuDNN " + cudnn::version() : "", cudnn::why_not()};
#else
  static const Vendor facts;
#endif
  return facts;
}

bool vendor_is_there() { return !cublas_facts().name.empty() || !cudnn_facts().name.empty(); }

// Throws Error where none is there.
void check_vendor(const std::string& what) {
  if (vendor_is_there()) return;
  std::string reason = cublas_facts().why_not;
  if (!cudnn_facts().why_not.empty()) reason += (reason.empty() ? "" : "; ") + cudnn_facts().why_not;
  if (reason.empty()) reason = "this gradus was built without cuBLAS and cuDNN";
  throw Error(what + ": vendor was asked for, but " + reason + "; own is always there");
}

Libraries at_start() {
  const std::string name = "GRADUS_LIBRARIES";
  const char* const text = std::getenv(name.c_str());
  if (!text || !*text) {  // one that was built in and does not open is told by library_facts()
    return cublas_facts().is_built_in() || cudnn_facts().is_built_in() ? Libraries::vendor : Libraries::own;
  }
  const Libraries choice = parse_libraries(name, text);
  if (choice == Libraries::vendor) check_vendor(name);
  return choice;
}

// What set_libraries said, or what was found at the first asking.
std::atomic<int> chosen{-1};
std::atomic<Precision> chosen_precision{Precision::float32};

std::string in_use(const Vendor& vendor) {
  if (libraries() == Libraries::vendor && !vendor.name.empty()) return vendor.name;
  if (libraries() == Libraries::own || vendor.why_not.empty()) return "own kernels";
  return "own kernels (" + vendor.why_not + ")";
}

template <class Choice>
Choice parse(std::string_view what, std::string_view text, std::string_view first, Choice if_first,
             std::string_view second, Choice if_second) {
  if (text == first) return if_first;
  if (text == second) return if_second;
  throw Error(std::string(what) + ": expected " + std::string(first) + " or " + std::string(second) + ", got \"" +
              std::string(text) + "\"");
}

}  // namespace

Libraries libraries() {
  if (chosen < 0) chosen = static_cast<int>(at_start());
  return static_cast<Libraries>(chosen.load());
}

void set_libraries(Libraries choice) {
  if (choice == Libraries::vendor) check_vendor("set_libraries");
  chosen = static_cast<int>(choice);
}

bool uses_cublas() { return libraries() == Libraries::vendor && !cublas_facts().name.empty(); }
bool uses_cudnn() { return libraries() == Libraries::vendor && !cudnn_facts().name.empty(); }

Precision precision() { return chosen_precision; }
void set_precision(Precision choice) { chosen_precision = choice; }

Libraries parse_libraries(std::string_view what, std::string_view text) {
  return parse(what, text, "own", Libraries::own, "vendor", Libraries::vendor);
}

Precision parse_precision(std::string_view what, std::string_view text) {
  return parse(what, text, "float32", Precision::float32, "tf32", Precision::tf32);
}

LibraryFacts library_facts() {
  const bool reduced = precision() == Precision::tf32 && libraries() == Libraries::vendor;
  return {in_use(cublas_facts()), in_use(cudnn_facts()), reduced ? "TF32" : "float32"};
}

std::string libraries_line() {
  const LibraryFacts facts = library_facts();
  std::string line = "matrix products: " + facts.matrix_products + "; convolutions: " + facts.convolutions +
                     "; float32 is multiplied in " + facts.precision;
  if (precision() == Precision::tf32 && facts.precision != "TF32") line += " (own kernels know no TF32)";
  return line;
}

std::string cudnn_version() {
#ifdef GRADUS_HAS_CUDNN
  return cudnn::built_version();
#else
  return "none";
#endif
}

}  // namespace gradus::kernels
