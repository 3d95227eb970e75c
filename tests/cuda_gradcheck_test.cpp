// gradcheck of every op of the table on the GPU or its emulator.
#include "catch.h"

#include <gradus/core/gradcheck.h>

#include "op_cases.h"

using namespace gradus;

namespace {

const Device gpu{Device::Type::cuda, 0};

Tensors on_gpu(const Tensors& in) {
  Tensors out;
  for (const Tensor& t : in) out.push_back(t.to(gpu));
  return out;
}

}  // namespace

TEST_CASE("gradcheck passes for every op on the GPU") {
  for (const OpCase& c : op_cases()) {
    if (c.gradient != Gradient::smooth) continue;
    const GradcheckReport report = gradcheck([&](const Tensors& in) { return c.call(on_gpu(in)).to(cpu); }, c.inputs);
    INFO(c.name << ": " << report);
    CHECK(report.ok);
  }
}
