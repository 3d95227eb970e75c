// Cases of the ops on images.
#include <limits>
#include <sstream>

#include "op_cases.h"

using namespace gradus;

OpEntry entry(Tag<ops::Conv2d>) {
  std::vector<OpCase> cases;
  struct Form {
    Shape x, weight;
    Size2d stride, padding;
  };
  for (const Form& f : {Form{{2, 3, 5, 6}, {4, 3, 3, 2}, 1, 0}, Form{{2, 3, 5, 6}, {4, 3, 3, 2}, {2, 3}, {1, 2}},
                        Form{{3, 2, 7, 5}, {19, 2, 3, 3}, 2, 1}, Form{{2, 17, 4, 3}, {5, 17, 1, 1}, 1, 0},
                        Form{{2, 18, 3, 4}, {5, 18, 3, 3}, 1, 1}, Form{{2, 3, 4, 5}, {6, 3, 2, 1}, {3, 4}, 0},
                        Form{{2, 3, 2, 1}, {4, 3, 6, 5}, {1, 2}, {2, 3}}, Form{{2, 1, 4, 3}, {3, 1, 4, 3}, 1, 0},
                        Form{{2, 16, 5, 4}, {3, 16, 3, 2}, 1, {2, 1}}, Form{{0, 2, 4, 3}, {5, 2, 3, 1}, 1, 0}}) {
    const std::string name = "conv2d " + f.x.str() + " and " + f.weight.str() + " stride " +
                             list({f.stride.h, f.stride.w}) + " padding " + list({f.padding.h, f.padding.w});
    cases.push_back({name,
                     {pattern(f.x, 0), pattern(f.weight, 1), pattern({f.weight[0]}, 2)},
                     [f](const Tensors& in) { return conv2d(in[0], in[1], in[2], f.stride, f.padding); },
                     f.x.numel() > 0 ? Gradient::smooth : Gradient::reference});
  }
  cases.push_back({"conv2d without bias", {pattern({2, 3, 5, 6}, 0), pattern({4, 3, 3, 2}, 1)}, [](const Tensors& in) {
                     return conv2d(in[0], in[1]);
                   }});
  return {"conv2d", "b + the sum of w times x under it, at every stride-th place of the padded x",
          "dy w over what each x met, x dy over the places, and the sum of dy", false, cases};
}

namespace {

// What both upsamplings are tested on.
struct Enlargement {
  Shape x;
  Resize to;
  std::string name() const {
    std::ostringstream text;
    if (to.size == Size2d(0))
      text << x << " by " << to.scale_factor.h << " " << to.scale_factor.w;
    else
      text << x << " to " << to.size.h << " " << to.size.w;
    return text.str();
  }
  Gradient gradient() const { return x.numel() > 0 ? Gradient::smooth : Gradient::reference; }
};

const std::vector<Enlargement>& enlargements() {
  static const std::vector<Enlargement> all = {{{2, 3, 4, 5}, {.scale_factor = 2}},
                                               {{2, 3, 4, 5}, {.scale_factor = {1.5, 2.75}}},
                                               {{2, 3, 4, 5}, {.size = {7, 6}}},
                                               {{2, 1, 7, 9}, {.size = {3, 4}}},
                                               {{2, 3, 7, 9}, {.scale_factor = {0.5, 0.375}}},
                                               {{2, 3, 1, 4}, {.size = {5, 1}}},
                                               {{3, 2, 5, 4}, {.size = {5, 4}}},
                                               {{0, 2, 4, 3}, {.scale_factor = {2, 3}}}};
  return all;
}

}  // namespace

OpEntry entry(Tag<ops::UpsampleNearest2d>) {
  std::vector<OpCase> cases;
  for (const Enlargement& e : enlargements()) {
    cases.push_back({"upsample_nearest2d " + e.name(),
                     {pattern(e.x, 0)},
                     [to = e.to](const Tensors& in) { return upsample_nearest2d(in[0], to); },
                     e.gradient()});
  }
  return {"upsample_nearest2d", "the pixel of x above and to the left of y's place", "dy summed over x's copies", false,
          cases};
}

OpEntry entry(Tag<ops::UpsampleBilinear2d>) {
  std::vector<OpCase> cases;
  for (const Enlargement& e : enlargements()) {
    for (bool aligned : {false, true}) {
      cases.push_back({"upsample_bilinear2d " + e.name() + (aligned ? " aligned" : ""),
                       {pattern(e.x, 0)},
                       [to = e.to, aligned](const Tensors& in) { return upsample_bilinear2d(in[0], to, aligned); },
                       e.gradient()});
    }
  }
  return {"upsample_bilinear2d", "the mean of the four pixels of x around y's place, by distance",
          "dy summed over the y that each x is in, with its share", false, cases};
}

OpEntry entry(Tag<ops::MaxPool2d>) {
  std::vector<OpCase> cases;
  struct Form {
    Shape x;
    Size2d kernel, stride, padding;
  };
  for (const Form& f :
       {Form{{2, 3, 4, 6}, 2, 0, 0}, Form{{2, 3, 5, 7}, {3, 2}, {2, 1}, {1, 0}}, Form{{2, 1, 4, 5}, {2, 3}, 1, 1},
        Form{{3, 2, 5, 4}, {1, 2}, {3, 2}, {0, 1}}, Form{{0, 2, 4, 3}, {2, 3}, 0, 0}}) {
    std::string name = "max_pool2d " + f.x.str() + " kernel " + list({f.kernel.h, f.kernel.w});
    if (f.stride.h > 0) name += " stride " + list({f.stride.h, f.stride.w});
    cases.push_back({name + " padding " + list({f.padding.h, f.padding.w}),
                     {pattern(f.x, 0)},
                     [f](const Tensors& in) { return max_pool2d(in[0], f.kernel, f.stride, f.padding); },
                     f.x.numel() > 0 ? Gradient::smooth : Gradient::reference});
  }
  const auto pairs = [](const Tensors& in) { return max_pool2d(in[0], 2, 1); };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  cases.push_back(
      {"max_pool2d of equals", {values({1, 1, 1, 1, 3, 3, 0, 3, 3}, {1, 1, 3, 3})}, pairs, Gradient::reference});
  cases.push_back({"max_pool2d with NaN",
                   {values({nan, 2, nan, 1, nan, 3, 4, 5, 6, 7, 8, 9}, {1, 1, 3, 4})},
                   pairs,
                   Gradient::reference});
  return {"max_pool2d", "the largest x under the kernel; NaN where there is one",
          "dy to the first x that is the largest", false, cases};
}

OpEntry entry(Tag<ops::UpsampleConv2d>) {
  std::vector<OpCase> cases;
  struct Form {
    std::string name;
    Shape x, weight;
    Resize to;
    Size2d stride, padding;
    bool aligned = false;
  };
  const Resize twice{.scale_factor = 2}, odd{.size = {7, 9}};
  for (const Form& f : {Form{"by 2", {2, 3, 4, 5}, {6, 3, 3, 3}, twice, 1, 1},
                        Form{"by 2 aligned", {2, 3, 4, 5}, {6, 3, 3, 3}, twice, 1, 1, true},
                        Form{"to few", {2, 17, 3, 4}, {3, 17, 3, 3}, twice, 1, 1},
                        Form{"to many", {2, 3, 2, 4}, {19, 3, 3, 2}, {.scale_factor = {1.5, 2.75}}, 1, {2, 1}},
                        Form{"with a stride", {2, 4, 3, 5}, {6, 4, 2, 3}, odd, {1, 2}, {0, 1}},
                        Form{"of few outputs", {2, 3, 5, 4}, {6, 3, 4, 3}, odd, {2, 4}, 0},
                        Form{"of none", {0, 3, 5, 4}, {6, 3, 4, 3}, odd, 1, 0}}) {
    cases.push_back(
        {"upsample_conv2d " + f.name,
         {pattern(f.x, 0), pattern(f.weight, 1), pattern({f.weight[0]}, 2)},
         [f](const Tensors& in) { return upsample_conv2d(in[0], f.to, f.aligned, in[1], in[2], f.stride, f.padding); },
         f.x.numel() > 0 ? Gradient::smooth : Gradient::reference});
  }
  cases.push_back({"upsample_conv2d without bias",
                   {pattern({2, 3, 4, 5}, 0), pattern({6, 3, 3, 2}, 1)},
                   [twice](const Tensors& in) { return upsample_conv2d(in[0], twice, false, in[1]); }});
  return {"upsample_conv2d", "conv2d(upsample_bilinear2d(x, to), w, b)", "those of its parts, summed in another order",
          false, cases};
}
