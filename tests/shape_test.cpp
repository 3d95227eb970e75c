#include "catch.h"

#include <gradus/core/shape.h>

using namespace gradus;

TEST_CASE("a shape knows its extents, elements and strides") {
  const Shape s{2, 3, 4};
  CHECK(s.rank() == 3);
  CHECK(s.numel() == 24);
  CHECK(s.strides()[0] == 12);
  CHECK(s.strides()[1] == 4);
  CHECK(s.strides()[2] == 1);
  CHECK(s.str() == "[2, 3, 4]");
  CHECK(Shape{}.numel() == 1);
  CHECK(Shape{3, 0}.numel() == 0);
  CHECK(s.without(1) == Shape{2, 4});
  CHECK(s.with(1, 7) == Shape{2, 7, 4});
  CHECK(s.inserted(3, 1) == Shape{2, 3, 4, 1});
  CHECK_FALSE(Shape{2, 3} == Shape{2, 3, 1});
  const Around a = around(s, 1, 2);
  CHECK((a.outer == 2 && a.n == 3 && a.inner == 4));
}

TEST_CASE("shapes that cannot be are refused") {
  CHECK(message_of([] { Shape{1, 1, 1, 1, 1, 1, 1}; }) == "shape: a tensor has at most 6 dimensions, got 7");
  CHECK(message_of([] { Shape{2, -1}; }) == "shape: extents are at least 0, got [2, -1]");
  CHECK(message_of([] {
          Shape{Index{1} << 40, Index{1} << 40};
        }).find("more elements than memory can hold") != std::string::npos);
}

TEST_CASE("dimensions count from both ends") {
  CHECK(normalize_dim("sum", 1, 3) == 1);
  CHECK(normalize_dim("sum", -1, 3) == 2);
  CHECK(message_of([] { normalize_dim("sum", 3, 3); }) ==
        "sum: dimension 3 is out of range for a tensor of 3 dimensions; expected one from -3 to 2");
  CHECK(message_of([] { normalize_dim("sum", 0, 0); }) ==
        "sum: dimension 0 is out of range for a tensor of 0 dimensions");
}

TEST_CASE("shapes broadcast from the last dimension") {
  CHECK(broadcast("add", {3, 1, 5}, {4, 1}) == Shape{3, 4, 5});
  CHECK(broadcast("add", {}, {2, 3}) == Shape{2, 3});
  CHECK(broadcast("add", {1}, {0}) == Shape{0});
  CHECK(message_of([] {
          broadcast("add", {2, 3}, {2, 4});
        }) ==
        "add: shapes [2, 3] and [2, 4] don't broadcast: aligned at the last dimension, 3 meets 4; extents must be "
        "equal or one of them 1");
}
