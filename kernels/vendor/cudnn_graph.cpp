#include <gradus/kernels/vendor/cudnn_graph.h>

#include <utility>

namespace gradus::kernels::cudnn {
namespace {

using Extents = std::vector<std::int64_t>;

Descriptor tensor(TensorName name, const Extents& shape, int alignment, bool is_virtual = false) {
  const std::int64_t c = shape[1], h = shape[2], w = shape[3];
  Descriptor d(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  d.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_DATA_FLOAT);
  d.set(CUDNN_ATTR_TENSOR_DIMENSIONS, shape);
  d.set(CUDNN_ATTR_TENSOR_STRIDES, Extents{c * h * w, 1, c * w, c});  // channels last
  d.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, std::int64_t{name});
  d.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, std::int64_t{alignment});
  d.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, is_virtual);  // it passes between two operations and has no memory
  d.finalize();
  return d;
}

Descriptor window(const ConvExtents& e) {
  const Extents padding{e.pad_h, e.pad_w};
  Descriptor d(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  d.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2});
  d.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
  d.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION);
  d.set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, padding);
  d.set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, padding);
  d.set(CUDNN_ATTR_CONVOLUTION_DILATIONS, Extents{1, 1});
  d.set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, Extents{e.stride_h, e.stride_w});
  d.finalize();
  return d;
}

// The attributes' names of one of the three operations.
struct OperationNames {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t alpha, beta, window, image, weights, result;
};
OperationNames names_of(Convolution what) {
  switch (what) {
    case Convolution::input_grad:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY};
    case Convolution::weight_grad:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY};
    default:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y};
  }
}

Descriptor convolution(Convolution what, const Descriptor& window, const Descriptor& image, const Descriptor& weights,
                       const Descriptor& result) {
  const OperationNames names = names_of(what);
  Descriptor d(names.type);
  d.set(names.alpha, 1.0f);
  d.set(names.beta, 0.0f);
  d.set(names.window, window);
  d.set(names.image, image);
  d.set(names.weights, weights);
  d.set(names.result, result);
  d.finalize();
  return d;
}

Descriptor addition() {
  Descriptor d(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  d.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_POINTWISE_ADD);
  d.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
  d.finalize();
  return d;
}

Descriptor add(const Descriptor& addition, const Descriptor& a, const Descriptor& b, const Descriptor& y) {
  Descriptor d(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  d.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, addition);
  d.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, a);
  d.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b);
  d.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
  d.finalize();
  return d;
}

}  // namespace

ConvGraph make_graph(const ConvProduct& p, const Device& device) {
  const ConvExtents& e = p.e;
  const Extents y_shape{e.n, e.out_c, e.out_h, e.out_w};
  std::vector<Descriptor> parts;
  const auto keep = [&](Descriptor d) {
    parts.push_back(std::move(d));
    return parts.size() - 1;
  };
  const auto x = keep(tensor(image, {e.n, e.c, e.h, e.w}, p.alignment));
  const auto w = keep(tensor(weights, {e.out_c, e.c, e.kernel_h, e.kernel_w}, 16));
  const auto y = keep(tensor(result, y_shape, p.alignment));
  const auto conv = keep(window(e));
  std::vector<cudnnBackendDescriptor_t> operations;
  const auto run = [&](Descriptor d) { operations.push_back(parts[keep(std::move(d))].get()); };
  if (p.what == Convolution::forward_bias) {
    const auto between = keep(tensor(unbiased, y_shape, p.alignment, true));
    const auto b = keep(tensor(bias, {1, e.out_c, 1, 1}, 4));
    const auto plus = keep(addition());
    run(convolution(p.what, parts[conv], parts[x], parts[w], parts[between]));
    run(add(parts[plus], parts[between], parts[b], parts[y]));
  } else {
    run(convolution(p.what, parts[conv], parts[x], parts[w], parts[y]));
  }
  Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations);
  if (device.handle) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, device.handle);
  graph.finalize();
  return {std::move(parts), std::move(graph)};
}

Descriptor make_arguments(const Places& at, void* workspace) {
  std::vector<std::int64_t> names;
  std::vector<Address> addresses;
  const auto place = [&](TensorName name, const float* numbers) {
    if (!numbers) return;
    names.push_back(name);
    addresses.push_back({const_cast<float*>(numbers)});  // the engine writes its result, or a gradient
  };
  place(image, at.image);
  place(weights, at.weights);
  place(result, at.result);
  place(bias, at.bias);
  Descriptor d(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  d.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, names);
  d.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, addresses);
  d.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, Address{workspace});
  d.finalize();
  return d;
}

}  // namespace gradus::kernels::cudnn
