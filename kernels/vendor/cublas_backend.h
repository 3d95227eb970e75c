// The part of cuBLASLt's interface that we use, in C++: opened at run time, every status checked, every descriptor
// freed by its owner. For cublas.cpp.
#pragma once
#include <cublasLt.h>

#include <memory>

#include <gradus/kernels/vendor/shared_library.h>

namespace gradus::kernels::cublas {

struct CublasLt {
  SharedLibrary library;
  CublasLt();
  decltype(cublasLtGetVersion)* get_version = library["cublasLtGetVersion"];
  decltype(cublasLtGetStatusString)* status_string = library["cublasLtGetStatusString"];
  decltype(cublasLtCreate)* create = library["cublasLtCreate"];
  decltype(cublasLtMatmulDescCreate)* product_create = library["cublasLtMatmulDescCreate"];
  decltype(cublasLtMatmulDescDestroy)* product_destroy = library["cublasLtMatmulDescDestroy"];
  decltype(cublasLtMatmulDescSetAttribute)* product_set = library["cublasLtMatmulDescSetAttribute"];
  decltype(cublasLtMatrixLayoutCreate)* layout_create = library["cublasLtMatrixLayoutCreate"];
  decltype(cublasLtMatrixLayoutDestroy)* layout_destroy = library["cublasLtMatrixLayoutDestroy"];
  decltype(cublasLtMatmulPreferenceCreate)* wish_create = library["cublasLtMatmulPreferenceCreate"];
  decltype(cublasLtMatmulPreferenceDestroy)* wish_destroy = library["cublasLtMatmulPreferenceDestroy"];
  decltype(cublasLtMatmulPreferenceSetAttribute)* wish_set = library["cublasLtMatmulPreferenceSetAttribute"];
  decltype(cublasLtMatmulAlgoGetHeuristic)* heuristic = library["cublasLtMatmulAlgoGetHeuristic"];
  decltype(cublasLtMatmulAlgoCapGetAttribute)* capability = library["cublasLtMatmulAlgoCapGetAttribute"];
  decltype(cublasLtMatmul)* matmul = library["cublasLtMatmul"];
};

CublasLt& lt();

// Throws Error with cuBLAS's words for it and the place, unless it is a success.
void check(cublasStatus_t status, const char* file = __builtin_FILE(), int line = __builtin_LINE());

struct Destroy {
  void operator()(cublasLtMatmulDescOpaque_t* d) const noexcept { lt().product_destroy(d); }
  void operator()(cublasLtMatrixLayoutOpaque_t* d) const noexcept { lt().layout_destroy(d); }
  void operator()(cublasLtMatmulPreferenceOpaque_t* d) const noexcept { lt().wish_destroy(d); }
};
using ProductDescriptor = std::unique_ptr<cublasLtMatmulDescOpaque_t, Destroy>;
using Layout = std::unique_ptr<cublasLtMatrixLayoutOpaque_t, Destroy>;
using Wish = std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, Destroy>;

template <class Value>
void set(const ProductDescriptor& d, cublasLtMatmulDescAttributes_t what, Value value) {
  check(lt().product_set(d.get(), what, &value, sizeof value));
}
template <class Value>
void set(const Wish& w, cublasLtMatmulPreferenceAttributes_t what, Value value) {
  check(lt().wish_set(w.get(), what, &value, sizeof value));
}

}  // namespace gradus::kernels::cublas
