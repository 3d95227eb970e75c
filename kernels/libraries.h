// Which library computes matrix products and convolutions on a GPU, and how exactly. The CPU's are always our own.
//
// NVIDIA's libraries are opened when a GPU first needs them. What they lack, or refuse, our own kernels compute:
// convolutions in float64, and products too small to be worth a call.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace gradus::kernels {

enum class Libraries {
  own,    // the kernels of gradus
  vendor  // cuBLASLt for matrix products and cuDNN for convolutions, each where it was built in and opens
};

// What set_libraries said last, or else GRADUS_LIBRARIES, or else vendor where one of the two was built in. Throws
// Error where GRADUS_LIBRARIES is neither own nor vendor, and where it asks for vendor and none was built in that
// opens.
Libraries libraries();
void set_libraries(Libraries choice);  // throws Error for vendor likewise

enum class Precision {
  float32,  // every product and sum of float32 numbers in float32
  tf32      // NVIDIA's libraries may round the factors of float32 products to 10 bits, for their tensor cores
};

Precision precision();  // float32, until set_precision says otherwise
void set_precision(Precision choice);

// From "own" or "vendor", and from "float32" or "tf32". Throw Error, naming `what`, for another text.
Libraries parse_libraries(std::string_view what, std::string_view text);
Precision parse_precision(std::string_view what, std::string_view text);

// Whether a GPU's products go to them now; false where they were not built in.
bool uses_cublas();
bool uses_cudnn();

// What a run on a GPU uses: "cuBLASLt 13.1.0" or "own kernels", with a reason where a library was built in and does not
// open.
struct LibraryFacts {
  std::string matrix_products, convolutions;
  std::string precision;  // of float32 products: "float32" or "TF32"
};
LibraryFacts library_facts();  // throws Error as libraries() does
std::string libraries_line();  // the facts in a line, for people
std::string cudnn_version();   // of the cuDNN that this was built with: "9.19.0"; "none"

// Gives memory of the current GPU, aligned to 64 bytes, which stays until what asked for it has returned.
using TakeMemory = std::function<void*(std::size_t bytes)>;

}  // namespace gradus::kernels
