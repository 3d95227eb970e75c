#include <gradus/kernels/vendor/cublas.h>

#include <cuda_runtime_api.h>

#include <array>
#include <cmath>
#include <sstream>

#include <gradus/kernels/cuda.h>
#include <gradus/kernels/error.h>
#include <gradus/kernels/vendor/cublas_backend.h>
#include <gradus/kernels/vendor/plan_cache.h>
#include <gradus/kernels/vendor/product.h>
#include <gradus/kernels/vendor/recording.h>

#ifndef GRADUS_CUBLAS_FILE
#define GRADUS_CUBLAS_FILE ""
#endif

namespace gradus::kernels::cublas {

CublasLt::CublasLt() : library({"libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR), GRADUS_CUBLAS_FILE}) {}

CublasLt& lt() {
  static auto* const functions = new CublasLt;  // kept: plans are used until the end
  return *functions;
}

void check(cublasStatus_t status, const char* file, int line) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  std::ostringstream text;
  text << "cublas: " << lt().status_string(status) << " (" << file << ":" << line
       << "); GRADUS_LIBRARIES=own computes without it";
  throw Error(text.str());
}

namespace {

// The handle of the current GPU, made at its first product: without a GPU there can be none.
cublasLtHandle_t handle() {
  static std::mutex mutex;
  static auto& handles = *new std::map<int, cublasLtHandle_t>;  // not destroyed: CUDA may be gone when the program ends
  const std::lock_guard lock(mutex);
  cublasLtHandle_t& made = handles[current_device()];
  if (!made) check(lt().create(&made));
  return made;
}

cudaDataType_t type_of(const Product& p) { return p.is_double ? CUDA_R_64F : CUDA_R_32F; }

cublasComputeType_t compute_type(const Product& p) {
  if (p.is_double) return CUBLAS_COMPUTE_64F;
  return p.precision == Precision::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

cublasLtEpilogue_t epilogue_of(const Product& p) {
  switch (p.epilogue) {
    case Product::Epilogue::none:
      return CUBLASLT_EPILOGUE_DEFAULT;
    case Product::Epilogue::bias:
      return CUBLASLT_EPILOGUE_BIAS;
    case Product::Epilogue::bias_relu:
      return CUBLASLT_EPILOGUE_RELU_BIAS;
    case Product::Epilogue::row_sums:
      return CUBLASLT_EPILOGUE_BGRADB;  // its second operand is our first: in_columns()
  }
  return CUBLASLT_EPILOGUE_DEFAULT;
}

ProductDescriptor describe(const Product& p, const ColumnMajorProduct& columns, const void* bias) {
  cublasLtMatmulDesc_t made = nullptr;
  check(lt().product_create(&made, compute_type(p), type_of(p)));
  ProductDescriptor d(made);
  set(d, CUBLASLT_MATMUL_DESC_TRANSA, columns.first.transpose ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(d, CUBLASLT_MATMUL_DESC_TRANSB, columns.second.transpose ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(d, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue_of(p));
  if (p.epilogue != Product::Epilogue::none) {
    set(d, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, type_of(p));
    set(d, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);  // the heuristic looks at its alignment
  }
  return d;
}

Layout layout_of(const Product& p, const ColumnMajor& matrix) {
  cublasLtMatrixLayout_t made = nullptr;
  check(lt().layout_create(&made, type_of(p), static_cast<std::uint64_t>(matrix.rows),
                           static_cast<std::uint64_t>(matrix.columns), matrix.rows));
  return Layout(made);
}

// What an algorithm must be like. Where k is cut, the parts' sums go through the workspace and are added up in their
// order, so that results are the same every time.
Wish wish_for(const Product& p) {
  constexpr std::uint64_t most_workspace = std::uint64_t{32} << 20;
  cublasLtMatmulPreference_t made = nullptr;
  check(lt().wish_create(&made));
  Wish w(made);
  set(w, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, most_workspace);
  set(w, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
  for (const auto what : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
    set(w, what, static_cast<std::uint32_t>(p.alignment));
  }
  return w;
}

// Whether the algorithm multiplies what it is given: tensor cores round float32 factors. float64 has tensor cores of
// its own, which don't; those for integers, which imitate them, do.
bool keeps_precision(const Product& p, const cublasLtMatmulAlgo_t& algorithm) {
  if (!p.is_double && p.precision == Precision::tf32) return true;
  std::uint64_t flags = 0;
  std::size_t written = 0;
  check(lt().capability(&algorithm, CUBLASLT_ALGO_CAP_NUMERICAL_IMPL_FLAGS, &flags, sizeof flags, &written));
  return (flags & (p.is_double ? CUBLASLT_NUMERICAL_IMPL_FLAGS_IMMA : CUBLASLT_NUMERICAL_IMPL_FLAGS_TENSOR_OP_MASK)) ==
         0;
}

struct Plan {
  ProductDescriptor product;
  Layout first, second, result;
  cublasLtMatmulAlgo_t algorithm{};
  std::size_t workspace = 0;  // bytes
};

std::unique_ptr<Plan> describe(const Product& p, const void* bias) {
  const ColumnMajorProduct columns = in_columns(p);
  auto plan = std::make_unique<Plan>();
  plan->product = describe(p, columns, bias);
  plan->first = layout_of(p, columns.first);
  plan->second = layout_of(p, columns.second);
  plan->result = layout_of(p, columns.result);
  return plan;
}

// The first algorithm that cuBLASLt would take and that does as it must; null where there is none.
std::unique_ptr<Plan> make_plan(const Product& p, const void* bias) {
  auto plan = describe(p, bias);
  std::array<cublasLtMatmulHeuristicResult_t, 16> found{};
  int count = 0;
  const cublasStatus_t status =
      lt().heuristic(handle(), plan->product.get(), plan->first.get(), plan->second.get(), plan->result.get(),
                     plan->result.get(), wish_for(p).get(), static_cast<int>(found.size()), found.data(), &count);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) return nullptr;
  check(status);
  for (int i = 0; i < count; ++i) {
    if (found[i].state != CUBLAS_STATUS_SUCCESS || !keeps_precision(p, found[i].algo)) continue;
    plan->algorithm = found[i].algo;
    plan->workspace = found[i].workspaceSize;
    return plan;
  }
  return nullptr;
}

template <class T>
void run(Cuda cuda, const Plan& plan, const T* a, const T* b, const T* bias, T* c, const TakeMemory& memory) {
  static KernelRecord record("kernel = cublaslt_matmul]");
  static std::mutex mutex;  // between the bias's address and its use
  const T one = 1, zero = 0;
  void* const workspace = plan.workspace > 0 ? memory(plan.workspace) : nullptr;
  const std::lock_guard lock(mutex);
  if (bias) set(plan.product, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
  check(lt().matmul(handle(), plan.product.get(), &one, b, plan.first.get(), a, plan.second.get(), &zero, c,
                    plan.result.get(), c, plan.result.get(), &plan.algorithm, workspace, plan.workspace, cuda.stream));
  ++record.launches;
}

// Whether a bias that is not a number makes results that are none. max(x, 0) makes 0 of it, which would hide that a
// training has failed; kernels/pointwise.h's relu keeps it.
template <class T>
bool keeps_nan(Cuda cuda, const Product& p, const Plan& plan, const T* a, const T* b, T* c, const TakeMemory& memory) {
  const std::size_t bytes = static_cast<std::size_t>(p.n) * sizeof(T);
  T* const bias = static_cast<T*>(memory(bytes));
  cuda_check(cudaMemsetAsync(bias, 0xff, bytes, cuda.stream));  // all ones are a NaN
  run(cuda, plan, a, b, static_cast<const T*>(bias), c, memory);
  T first = 0;
  copy_to_host(cuda, sizeof first, c, &first);
  synchronize(cuda);
  return std::isnan(first);
}

template <class T>
bool compute(Cuda cuda, Product p, const T* a, const T* b, const T* bias, T* c, const TakeMemory& memory) {
  static auto& plans = *new PlanCache<Product, Plan>;
  if (!is_for_library(p)) return false;
  p.is_double = sizeof(T) == sizeof(double);
  if (!p.is_double) p.precision = precision();
  p.device = current_device();
  p.alignment = alignment_of(a, b, c, bias);
  const Plan* const plan = plans.at(p, is_recorded(cuda), "matmul", [&] {
    auto made = make_plan(p, bias);
    if (made && p.epilogue == Product::Epilogue::bias_relu && !keeps_nan(cuda, p, *made, a, b, c, memory))
      made = nullptr;
    return made;
  });
  if (plan) run(cuda, *plan, a, b, bias, c, memory);
  return plan != nullptr;
}

}  // namespace

const std::string& why_not() { return lt().library.why_not(); }

std::string version() {
  const std::size_t number = lt().get_version();  // 130100
  return std::to_string(number / 10000) + "." + std::to_string(number / 100 % 100) + "." + std::to_string(number % 100);
}

template <class T>
bool matmul(Cuda cuda, Index m, Index n, Index k, const T* a, bool transpose_a, const T* b, bool transpose_b,
            const T* bias, T* c, const TakeMemory& memory) {
  Product p{m, n, k, transpose_a, transpose_b};
  if (bias) p.epilogue = Product::Epilogue::bias;
  return compute(cuda, p, a, b, bias, c, memory);
}

template <class T>
bool linear_relu(Cuda cuda, Index m, Index n, Index k, const T* x, const T* w, const T* bias, T* y,
                 const TakeMemory& memory) {
  return compute(cuda, Product{m, n, k, false, true, Product::Epilogue::bias_relu}, x, w, bias, y, memory);
}

template <class T>
bool weight_and_bias_grad(Cuda cuda, Index m, Index n, Index k, const T* dy, const T* x, T* dw, T* db,
                          const TakeMemory& memory) {
  const Product p{m, n, k, true, false, Product::Epilogue::row_sums};
  return compute(cuda, p, dy, x, static_cast<const T*>(db), dw, memory);
}

void check_description(const Product& p) {
  describe(p, nullptr);
  wish_for(p);
}

#define GRADUS_EMIT(T)                                                                                              \
  template bool matmul(Cuda, Index, Index, Index, const T*, bool, const T*, bool, const T*, T*, const TakeMemory&); \
  template bool linear_relu(Cuda, Index, Index, Index, const T*, const T*, const T*, T*, const TakeMemory&);        \
  template bool weight_and_bias_grad(Cuda, Index, Index, Index, const T*, const T*, T*, T*, const TakeMemory&);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels::cublas
