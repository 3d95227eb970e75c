// What of the libraries' use needs no library: plans kept by shape, and matrices that lie in rows told to one that
// reads columns.
#include <random>

#include <gradus/kernels/vendor/plan_cache.h>
#include <gradus/kernels/vendor/product.h>

#include "catch.h"

namespace gradus::kernels {
namespace {

TEST_CASE("a plan is made once for a key, and none where its making fails") {
  PlanCache<Product, int> plans;
  int made = 0;
  const auto at = [&](Index m) {
    return plans.at(Product{m, 8, 8}, false, "matmul", [&] { return std::make_unique<int>(++made); });
  };
  int* const first = at(3);
  CHECK(*first == 1);
  CHECK(at(3) == first);
  CHECK(*at(4) == 2);
  const auto failing = [&] {
    plans.at(Product{5, 8, 8}, false, "matmul", []() -> std::unique_ptr<int> { throw Error("no memory"); });
  };
  CHECK(message_of(failing) == "no memory");
  CHECK(*at(5) == 3);
  CHECK(plans.at(Product{6, 8, 8}, false, "matmul", [] { return std::unique_ptr<int>(); }) == nullptr);
  CHECK(at(6) == nullptr);
  CHECK(made == 3);
}

TEST_CASE("while a step is recorded no plan is made") {
  PlanCache<Product, int> plans;
  const auto at = [&](int alignment, bool recorded) {
    Product p{8, 8, 8};
    p.alignment = alignment;
    return plans.at(p, recorded, "matmul", [&] { return std::make_unique<int>(alignment); });
  };
  CHECK(message_of([&] { at(16, true); }) ==
        "matmul: a shape that comes for the first time cannot be recorded; run the step once before");
  CHECK(*at(4, false) == 4);
  CHECK(*at(16, true) == 4);  // fits addresses that are more aligned
  CHECK(*at(8, true) == 4);
  CHECK(*at(16, false) == 16);
  CHECK(*at(16, true) == 16);
  CHECK(message_of([&] { at(2, true); }) != "");  // not those that are less
}

TEST_CASE("all that a product's plan depends on is in its key") {
  const Product p{16, 17, 18};
  CHECK(p == Product{16, 17, 18});
  std::vector<Product> others(11, p);
  others[0].m = 19;
  others[1].n = 19;
  others[2].k = 19;
  others[3].transpose_a = true;
  others[4].transpose_b = true;
  others[5].epilogue = Product::Epilogue::bias;
  others[6].epilogue = Product::Epilogue::bias_relu;
  others[7].is_double = true;
  others[8].precision = Precision::tf32;
  others[9].device = 1;
  others[10].alignment = 8;
  others.push_back(p);
  std::map<Product, int> all;
  for (const Product& other : others) ++all[other];
  CHECK(all.size() == others.size());
}

TEST_CASE("products with a short side are not the library's") {
  CHECK(is_for_library({8, 8, 8}));
  for (const Index less : {0, 1, 2, 7}) {
    CHECK_FALSE(is_for_library({less, 1000, 1000}));
    CHECK_FALSE(is_for_library({1000, less, 1000}));
    CHECK_FALSE(is_for_library({1000, 1000, less}));
  }
}

TEST_CASE("alignments are those of the addresses, up to 16") {
  alignas(32) static const char bytes[64] = {};
  CHECK(alignment_of(bytes) == 16);
  CHECK(alignment_of(bytes + 16) == 16);
  CHECK(alignment_of(bytes + 8) == 8);
  CHECK(alignment_of(bytes + 4) == 4);
  CHECK(alignment_of(bytes + 20) == 4);
  CHECK(alignment_of(bytes + 1) == 1);
  CHECK(alignment_of(static_cast<const char*>(nullptr)) == 16);  // no bias
  CHECK(alignment_of(bytes, bytes + 16) == 16);
  CHECK(alignment_of(bytes + 8, bytes + 16, bytes + 4) == 4);
}

// Element (row, column) of op(x) as a library reads it that counts by columns.
double element(const std::vector<double>& x, const ColumnMajor& at, Index row, Index column) {
  return at.transpose ? x[column + row * at.rows] : x[row + column * at.rows];
}

TEST_CASE("a library that reads columns is told the product of rows") {
  std::mt19937 engine(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const auto random = [&](Index n) {
    std::vector<double> values(n);
    for (double& v : values) v = uniform(engine);
    return values;
  };
  const Index m = 3, n = 4, k = 5;
  const std::vector<double> a = random(m * k), b = random(k * n);
  for (const bool transpose_a : {false, true})
    for (const bool transpose_b : {false, true}) {
      CAPTURE(transpose_a, transpose_b);
      const ColumnMajorProduct in = in_columns({m, n, k, transpose_a, transpose_b});
      REQUIRE(in.result.rows == n);  // the bias, one for each row of it, is one for each column of c
      REQUIRE(in.result.columns == m);
      REQUIRE_FALSE(in.result.transpose);
      for (const auto& [operand, numbers] : {std::pair{in.first, k * n}, std::pair{in.second, m * k}}) {
        CHECK(operand.rows * operand.columns == numbers);
      }
      CHECK((in.first.transpose ? in.first.columns : in.first.rows) == n);
      CHECK((in.second.transpose ? in.second.rows : in.second.columns) == m);
      for (Index i = 0; i < m; ++i)
        for (Index j = 0; j < n; ++j) {
          double theirs = 0, ours = 0;  // c[i, j] lies where the library writes row j of column i
          for (Index l = 0; l < k; ++l) {
            theirs += element(b, in.first, j, l) * element(a, in.second, l, i);
            ours += (transpose_a ? a[l * m + i] : a[i * k + l]) * (transpose_b ? b[j * k + l] : b[l * n + j]);
          }
          CHECK(theirs == Approx(ours));
        }
    }
}

}  // namespace
}  // namespace gradus::kernels
