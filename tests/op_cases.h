// The op table: every op of gradus with the sample cases that the tests run it on.
//
// Each case is checked three ways: its values and gradients against PyTorch's (op_values_test.cpp), its gradients
// against finite differences (ops_gradcheck_test.cpp), and its float32 results against its float64 ones. docs/ops.md is
// printed from this table. A structured op without an entry() here does not compile or does not link; a function of
// core/ops.h that no entry names fails a test. Elementwise ops need nothing here: their rows in kernels/pointwise.h
// bring it all.
//
// A case's extents are pairwise different, unless the op demands otherwise, so that a swapped axis shows.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include <gradus/core/ops.h>
#include <gradus/core/structured_ops.h>

// What is known about a case's gradient.
enum class Gradient {
  smooth,     // finite differences find it, and PyTorch's reference has it
  reference,  // on a kink, rounded, or flat, where a gradient of zeros would pass: only the reference has it
  none        // the op has no gradient
};

struct OpCase {
  std::string name;        // "sum [2, 3, 4] over 0 2", as in tests/data/op_values.txt
  gradus::Tensors inputs;  // float64; their numbers are exact in float32
  std::function<gradus::Tensor(const gradus::Tensors&)> call;  // for inputs of any dtype that the op takes
  Gradient gradient = Gradient::smooth;
  bool from_row = false;  // of a row of kernels/pointwise.h, and so of whatever op is added there
};

// What a row of kernels/pointwise.h says that its op gives, in float64.
struct KnownValues {
  std::string name;
  gradus::Tensors inputs;
  std::function<gradus::Tensor(const gradus::Tensors&)> call;
  gradus::Tensor expected;
};

struct OpEntry {
  std::string functions;  // "cat, stack": the public functions that the cases call
  std::string formula;
  std::string gradient;
  bool int64 = false;  // whether the op takes int64
  std::vector<OpCase> cases;
};

template <class Op>
struct Tag {};

OpEntry entry(Tag<gradus::ops::Clone>);
OpEntry entry(Tag<gradus::ops::Cast>);
OpEntry entry(Tag<gradus::ops::Reshape>);
OpEntry entry(Tag<gradus::ops::Rows>);
OpEntry entry(Tag<gradus::ops::Slice>);
OpEntry entry(Tag<gradus::ops::Permute>);
OpEntry entry(Tag<gradus::ops::Expand>);
OpEntry entry(Tag<gradus::ops::Cat>);
OpEntry entry(Tag<gradus::ops::IndexSelect>);
OpEntry entry(Tag<gradus::ops::Sum>);
OpEntry entry(Tag<gradus::ops::Max>);
OpEntry entry(Tag<gradus::ops::Matmul>);
OpEntry entry(Tag<gradus::ops::Linear>);
OpEntry entry(Tag<gradus::ops::LinearActivation>);
OpEntry entry(Tag<gradus::ops::Conv2d>);
OpEntry entry(Tag<gradus::ops::UpsampleNearest2d>);
OpEntry entry(Tag<gradus::ops::UpsampleBilinear2d>);
OpEntry entry(Tag<gradus::ops::MaxPool2d>);
OpEntry entry(Tag<gradus::ops::UpsampleConv2d>);
OpEntry entry(Tag<gradus::ops::Dropout>);
OpEntry entry(Tag<gradus::ops::Softmax>);
OpEntry entry(Tag<gradus::ops::LogSoftmax>);
OpEntry entry(Tag<gradus::ops::MseLoss>);
OpEntry entry(Tag<gradus::ops::L1Loss>);
OpEntry entry(Tag<gradus::ops::BinaryCrossEntropy>);
OpEntry entry(Tag<gradus::ops::BinaryCrossEntropyWithLogits>);
OpEntry entry(Tag<gradus::ops::NllLoss>);

// Functions that are composed of other ops, or have no gradient.
std::vector<OpEntry> composed_reductions();
std::vector<OpEntry> composed_losses();
std::vector<OpEntry> elementwise_ops();  // one for each row
std::vector<KnownValues> known_values();

// All of the above, and the cases of all.
const std::vector<OpEntry>& op_table();
const std::vector<OpCase>& op_cases();

// --- inputs, the same in tests/parity/op_values.py ---

// The odd numbers between -2003 and 2003, mixed, over 2048: exact in float32, never 0, no two alike up to 900. float64.
gradus::Tensor pattern(const gradus::Shape& shape, gradus::Index k);
gradus::Tensor positive(const gradus::Shape& shape, gradus::Index k);  // the same between 0.5 and 2
gradus::Tensor values(std::initializer_list<double> numbers);          // float64
gradus::Tensor values(std::initializer_list<double> numbers, const gradus::Shape& shape);
std::string list(const gradus::Dims& numbers);  // "0 2"
