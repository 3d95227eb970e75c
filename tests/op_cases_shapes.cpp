// Cases of the ops that move numbers without changing them: other shapes, pieces, other dtypes.
#include "op_cases.h"

using namespace gradus;

namespace {

// Cases of one input.
class Cases {
 public:
  using Call = std::function<Tensor(const Tensor&)>;
  Cases& add(const std::string& name, const Tensor& x, Call f, Gradient gradient = Gradient::smooth) {
    list.push_back({name, {x}, [f](const Tensors& in) { return f(in[0]); }, gradient});
    return *this;
  }
  std::vector<OpCase> list;
};

Tensor three() { return pattern({2, 3, 4}, 0); }
Tensor four() { return pattern({2, 3, 4, 5}, 0); }
Tensor matrix() { return pattern({3, 4}, 0); }
Tensor tall() { return pattern({4, 3}, 0); }

}  // namespace

OpEntry entry(Tag<ops::Clone>) {
  Cases cases;
  cases.add("clone", three(), [](const Tensor& x) { return x.clone(); })
      .add("clone of images", four(), [](const Tensor& x) { return x.clone(); });
  return {"clone", "a copy of x", "dy", true, cases.list};
}

OpEntry entry(Tag<ops::Cast>) {
  Cases cases;
  const auto to = [](DType dtype) { return [dtype](const Tensor& x) { return x.to(dtype); }; };
  cases.add("to float64", matrix(), to(float64))
      .add("to float32", matrix() * 0.1, to(float32), Gradient::reference)
      .add("to int64", matrix() * 10, to(int64), Gradient::none)
      .add(
          "to float32 and back", matrix(), [](const Tensor& x) { return x.to(float32).to(float64); },
          Gradient::reference)
      .add(
          "to float32 and back of images", four(), [](const Tensor& x) { return x.to(float32).to(float64); },
          Gradient::reference);
  return {"to", "x in another dtype, towards 0 for int64; on another device", "dy in x's dtype; none through int64",
          true, cases.list};
}

OpEntry entry(Tag<ops::Reshape>) {
  Cases cases;
  const auto to = [](const Shape& shape) { return [shape](const Tensor& x) { return x.reshape(shape); }; };
  cases.add("reshape to [4, 6]", three(), to({4, 6}))
      .add("reshape to [-1]", three(), [](const Tensor& x) { return x.reshape({-1}); })
      .add("reshape to [6, -1, 2]", three(),
           [](const Tensor& x) {
             return x.reshape({6, -1, 2});
           })
      .add("reshape [] to [1, 1]", pattern({}, 0), to({1, 1}))
      .add("reshape [0, 3] to [5, 0]", pattern({0, 3}, 0), to({5, 0}))
      .add("reshape of images to [5, 4, 3, 2]", four(), to({5, 4, 3, 2}))
      .add("flatten of images from 1", four(), [](const Tensor& x) { return x.flatten(1); })
      .add("flatten", three(), [](const Tensor& x) { return x.flatten(); })
      .add("flatten from 1", three(), [](const Tensor& x) { return x.flatten(1); })
      .add("flatten 0 to 1", three(), [](const Tensor& x) { return x.flatten(0, 1); })
      .add("unsqueeze 0", three(), [](const Tensor& x) { return x.unsqueeze(0); })
      .add("unsqueeze 1", matrix(), [](const Tensor& x) { return x.unsqueeze(1); })
      .add("unsqueeze -1", matrix(), [](const Tensor& x) { return x.unsqueeze(-1); })
      .add("squeeze 1", pattern({3, 1, 4}, 0), [](const Tensor& x) { return x.squeeze(1); })
      .add("squeeze -1", pattern({3, 1}, 0), [](const Tensor& x) { return x.squeeze(-1); });
  return {"reshape, flatten, unsqueeze, squeeze", "x in another shape; the same storage", "dy in x's shape", true,
          cases.list};
}

OpEntry entry(Tag<ops::Rows>) {
  Cases cases;
  cases.add("rows 1 to 3", tall(), [](const Tensor& x) { return x.rows(1, 3); })
      .add(
          "rows none", tall(), [](const Tensor& x) { return x.rows(2, 2); }, Gradient::reference)
      .add("rows used twice", tall(), [](const Tensor& x) { return x.rows(0, 3) * x.rows(1, 4); })
      .add("rows of images", pattern({5, 2, 3, 4}, 0), [](const Tensor& x) { return x.rows(1, 4); })
      .add("row 1 of images", four(), [](const Tensor& x) { return x[1]; })
      .add("row 1", three(), [](const Tensor& x) { return x[1]; })
      .add("row -1", pattern({3}, 0), [](const Tensor& x) { return x[-1]; });
  return {"rows, operator[]", "x[begin:end]; the same storage", "dy there, 0 elsewhere", true, cases.list};
}

OpEntry entry(Tag<ops::Slice>) {
  Cases cases;
  cases.add("slice of 0", tall(), [](const Tensor& x) { return x.slice(0, 1, 3); })
      .add("slice of 1", three(), [](const Tensor& x) { return x.slice(1, 1, 3); })
      .add("slice of -1", three(), [](const Tensor& x) { return x.slice(-1, 0, 3); })
      .add("slice of images of 1", four(), [](const Tensor& x) { return x.slice(1, 1, 3); })
      .add("slice of images of 2", four(), [](const Tensor& x) { return x.slice(2, 1, 3); })
      .add(
          "slice of 2, none", three(), [](const Tensor& x) { return x.slice(2, 1, 1); }, Gradient::reference);
  return {"slice", "[begin, end) of dimension d, copied", "dy there, 0 elsewhere", true, cases.list};
}

OpEntry entry(Tag<ops::Permute>) {
  Cases cases;
  cases.add("transpose 0 and 1", three(), [](const Tensor& x) { return x.transpose(0, 1); })
      .add("transpose 0 and -1", three(), [](const Tensor& x) { return x.transpose(0, -1); })
      .add("transpose 1 and 1", three(), [](const Tensor& x) { return x.transpose(1, 1); })
      .add("t", matrix(), [](const Tensor& x) { return x.t(); })
      .add("permute 2 0 1", three(),
           [](const Tensor& x) {
             return x.permute({2, 0, 1});
           })
      .add("permute 1 2 0", three(),
           [](const Tensor& x) {
             return x.permute({1, 2, 0});
           })
      .add("permute 0 2 3 1", four(),
           [](const Tensor& x) {
             return x.permute({0, 2, 3, 1});
           })
      .add("permute 3 1 -2 0", four(),
           [](const Tensor& x) {
             return x.permute({3, 1, -2, 0});
           })
      .add("permute of [0, 3]", pattern({0, 3}, 0), [](const Tensor& x) {
        return x.permute({1, 0});
      });
  return {"permute, transpose, t", "x with its dimensions in another order, copied", "dy in x's order", true,
          cases.list};
}

OpEntry entry(Tag<ops::Expand>) {
  Cases cases;
  for (const auto& [from, to] : std::vector<std::pair<Shape, Shape>>{{{3, 1}, {2, 3, 4}},
                                                                     {{}, {2, 3}},
                                                                     {{2, 3}, {2, 3}},
                                                                     {{1, 3}, {0, 3}},
                                                                     {{4}, {2, 3, 4}},
                                                                     {{2, 3, 4, 1}, {2, 3, 4, 5}}}) {
    cases.add(
        "expand " + from.str() + " to " + to.str(), pattern(from, 0),
        [to = to](const Tensor& x) { return expand(x, to); }, to.numel() > 0 ? Gradient::smooth : Gradient::reference);
  }
  return {"expand", "x broadcast to a shape, copied", "dy summed over what was repeated", true, cases.list};
}

OpEntry entry(Tag<ops::Cat>) {
  std::vector<OpCase> cases;
  for (Index dim : {0, 1, -1}) {
    Tensors parts;
    for (Index extent : {5, 1, 2}) {
      parts.push_back(pattern(Shape{2, 3, 4}.with(int(dim < 0 ? dim + 3 : dim), extent), Index(parts.size())));
    }
    cases.push_back(
        {"cat of three along " + std::to_string(dim), parts, [=](const Tensors& in) { return cat(in, dim); }});
  }
  const auto along_0 = [](const Tensors& in) { return cat(in); };
  for (Index dim : {0, 1, 2}) {
    cases.push_back({"cat of images along " + std::to_string(dim),
                     {pattern({2, 3, 4, 5}, 0), pattern(Shape{2, 3, 4, 5}.with(int(dim), 6), 1)},
                     [=](const Tensors& in) { return cat(in, dim); }});
  }
  cases.push_back({"cat of one", {pattern({2, 3}, 0)}, along_0});
  cases.push_back({"cat with an empty part", {pattern({2, 3}, 0), pattern({0, 3}, 1)}, along_0});
  cases.push_back({"cat of a tensor with itself", {pattern({2, 3}, 0)}, [](const Tensors& in) {
                     return cat({in[0], in[0]}, 1);
                   }});
  for (Index dim : {0, 1, 2, -1}) {
    cases.push_back({"stack along " + std::to_string(dim),
                     {pattern({3, 4}, 0), pattern({3, 4}, 1)},
                     [=](const Tensors& in) { return stack(in, dim); }});
  }
  cases.push_back({"stack of scalars", {pattern({}, 0), pattern({}, 1)}, [](const Tensors& in) { return stack(in); }});
  return {"cat, stack", "the parts after one another along dim; along a new dim", "each part's share of dy", true,
          cases};
}

OpEntry entry(Tag<ops::IndexSelect>) {
  Cases cases;
  const auto at = [](Index dim, const Tensor& index) {
    return [=](const Tensor& x) { return index_select(x, dim, index.to(x.device())); };
  };
  const Tensor index = tensor({1, 0, 1, 1}, int64);
  for (Index dim : {0, 1, 2, -1}) {
    cases.add("index_select " + std::to_string(dim) + " at 1 0 1 1", three(), at(dim, index));
  }
  cases.add("index_select 1 of images at 1 0 1 1", four(), at(1, index));
  cases.add("index_select 1 at nothing", three(), at(1, tensor({}, int64)), Gradient::reference);
  cases.add("index_select of a vector", pattern({3}, 0), at(0, index));
  return {"index_select", "the slices of x along dim that index names", "dy added up at those slices", true,
          cases.list};
}
