#include <lamina/core/description.hpp>

#include "../catch.hpp"

using namespace lamina;

TEST_CASE("description: the kind and its options, each number in the digits that tell it from others") {
  CHECK(describe("Adam", {{"beta1", 0.1}, {"steps", 7}, {"nesterov", false}, {"next", "Other(x 1)"}}) ==
        "Adam(beta1 0.1, steps 7, nesterov no, next Other(x 1))");
  CHECK(describe("Plain", {{"x", 0.1}}) != describe("Plain", {{"x", 0.1 + 1e-16}}));
}

TEST_CASE("description: an object that says nothing has none") {
  CHECK(description_of(3) == "one without a description");
}
