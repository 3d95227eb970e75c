// The part of cuDNN's interface that we use, its "backend API" of descriptors, in C++: opened at run time, every status
// checked, every descriptor freed by its owner. For cudnn*.cpp and their tests.
#pragma once
#include <cudnn.h>

#include <cstdint>
#include <memory>
#include <vector>

#include <gradus/kernels/error.h>
#include <gradus/kernels/vendor/shared_library.h>

namespace gradus::kernels::cudnn {

struct Functions {
  SharedLibrary library;
  Functions();
  decltype(cudnnGetVersion)* get_version = library["cudnnGetVersion"];
  decltype(cudnnGetErrorString)* error_string = library["cudnnGetErrorString"];
  decltype(cudnnGetLastErrorString)* last_error_string = library["cudnnGetLastErrorString"];
  decltype(cudnnCreate)* create = library["cudnnCreate"];
  decltype(cudnnSetStream)* set_stream = library["cudnnSetStream"];
  decltype(cudnnBackendCreateDescriptor)* descriptor_create = library["cudnnBackendCreateDescriptor"];
  decltype(cudnnBackendDestroyDescriptor)* descriptor_destroy = library["cudnnBackendDestroyDescriptor"];
  decltype(cudnnBackendSetAttribute)* set_attribute = library["cudnnBackendSetAttribute"];
  decltype(cudnnBackendGetAttribute)* get_attribute = library["cudnnBackendGetAttribute"];
  decltype(cudnnBackendFinalize)* finalize = library["cudnnBackendFinalize"];
  decltype(cudnnBackendExecute)* execute = library["cudnnBackendExecute"];
};
Functions& functions();

// Throws Error with cuDNN's words for it and the place, unless it is a success: NotSupported where cuDNN says that it
// cannot compute that.
struct NotSupported : Error {
  using Error::Error;
};
void check(cudnnStatus_t status, const char* file = __builtin_FILE(), int line = __builtin_LINE());

cudnnHandle_t handle();  // the current GPU's, made at the first asking; throws Error where there is no GPU

struct Address {  // of numbers on the GPU
  void* pointer;
};

// What an attribute of a C++ type is to cuDNN.
template <class Value>
inline constexpr cudnnBackendAttributeType_t type_of = CUDNN_TYPE_INT64;
template <>
inline constexpr cudnnBackendAttributeType_t type_of<float> = CUDNN_TYPE_FLOAT;
template <>
inline constexpr cudnnBackendAttributeType_t type_of<bool> = CUDNN_TYPE_BOOLEAN;
template <>
inline constexpr cudnnBackendAttributeType_t type_of<char> = CUDNN_TYPE_CHAR;
template <>
inline constexpr cudnnBackendAttributeType_t type_of<Address> = CUDNN_TYPE_VOID_PTR;
template <>
inline constexpr cudnnBackendAttributeType_t type_of<cudnnHandle_t> = CUDNN_TYPE_HANDLE;
template <>
inline constexpr cudnnBackendAttributeType_t type_of<cudnnDataType_t> = CUDNN_TYPE_DATA_TYPE;
template <>
inline constexpr cudnnBackendAttributeType_t type_of<cudnnConvolutionMode_t> = CUDNN_TYPE_CONVOLUTION_MODE;
template <>
inline constexpr cudnnBackendAttributeType_t type_of<cudnnPointwiseMode_t> = CUDNN_TYPE_POINTWISE_MODE;
template <>
inline constexpr cudnnBackendAttributeType_t type_of<cudnnBackendHeurMode_t> = CUDNN_TYPE_HEUR_MODE;
template <>
inline constexpr cudnnBackendAttributeType_t type_of<cudnnBackendNumericalNote_t> = CUDNN_TYPE_NUMERICAL_NOTE;
template <>
inline constexpr cudnnBackendAttributeType_t type_of<cudnnBackendDescriptor_t> = CUDNN_TYPE_BACKEND_DESCRIPTOR;

// One of cuDNN's objects: made empty, its attributes set, then finalized. Another one that it was given must live as
// long.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type) {
    cudnnBackendDescriptor_t made = nullptr;
    check(functions().descriptor_create(type, &made));
    owned_.reset(made);
  }
  cudnnBackendDescriptor_t get() const { return owned_.get(); }

  template <class Value>
  void set(cudnnBackendAttributeName_t name, const std::vector<Value>& values) {
    check(functions().set_attribute(get(), name, type_of<Value>, static_cast<std::int64_t>(values.size()),
                                    values.data()));
  }
  template <class Value>
  void set(cudnnBackendAttributeName_t name, Value value) {
    check(functions().set_attribute(get(), name, type_of<Value>, 1, &value));
  }
  void set(cudnnBackendAttributeName_t name, const Descriptor& value) { set(name, value.get()); }

  void finalize() { check(functions().finalize(get())); }

  template <class Value>
  Value get(cudnnBackendAttributeName_t name) const {
    Value value{};
    std::int64_t count = 0;
    check(functions().get_attribute(get(), name, type_of<Value>, 1, &count, &value));
    return value;
  }
  template <class Value>  // at most `most` of them
  std::vector<Value> get(cudnnBackendAttributeName_t name, std::int64_t most) const {
    std::vector<Value> values(static_cast<std::size_t>(most));
    std::int64_t count = 0;
    check(functions().get_attribute(get(), name, type_of<Value>, most, &count, values.data()));
    values.resize(static_cast<std::size_t>(count < most ? count : most));
    return values;
  }

 private:
  struct Destroy {
    void operator()(cudnnBackendDescriptor_t d) const noexcept { functions().descriptor_destroy(d); }
  };
  std::unique_ptr<void, Destroy> owned_;
};

}  // namespace gradus::kernels::cudnn
