// Every op of the table against finite differences.
#include "catch.h"

#include <gradus/core/gradcheck.h>

#include "op_cases.h"

using namespace gradus;

TEST_CASE("the gradient of every op is that of finite differences", "[ops_gradcheck]") {
  for (const OpEntry& e : op_table()) {
    INFO(e.functions);
    int checked = 0;
    for (const OpCase& c : e.cases) {
      if (c.gradient != Gradient::smooth) continue;
      const GradcheckReport report = gradcheck(c.call, c.inputs);
      INFO(c.name << "\n" << report.text);
      CHECK(report.ok);
      ++checked;
    }
    CHECK((checked >= 1 || e.gradient == "none"));
  }
}

TEST_CASE("ops without a gradient give results outside the graph", "[ops_gradcheck]") {
  for (const OpEntry& e : op_table()) {
    if (e.gradient != "none") continue;
    for (const OpCase& c : e.cases) {
      INFO(c.name);
      Tensors inputs;
      for (const Tensor& t : c.inputs) inputs.push_back(t.clone().requires_grad_());
      CHECK_FALSE(c.call(inputs).requires_grad());
    }
  }
}
