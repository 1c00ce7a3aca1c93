#include <type_traits>

#include <lamina/core/tensor.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// Two samples of 2 x 3 pixels and 4 channels, each value its own place in memory.
Tensor<float> counted() {
  Tensor<float> tensor(2, {2, 3, 4});
  for (Index i = 0; i < tensor.size(); ++i) tensor[i] = static_cast<float>(i);
  return tensor;
}

}  // namespace

TEST_CASE("shape: sizes and text") {
  constexpr Shape shape{4, 5, 3};
  static_assert(shape.size() == 60 && shape.pixels() == 20);
  static_assert(Shape{.channels = 7} == Shape{1, 1, 7});
  CHECK(to_string(shape) == "4x5x3");
}

TEST_CASE("tensor view: samples lie behind each other") {
  Tensor<float> tensor = counted();
  const auto view = tensor.view();
  CHECK(view.size() == 48);
  CHECK(view.pixels() == 12);
  CHECK(*view.sample(1) == 24);
  const auto second = view.samples(1, 1);
  CHECK(second.batch == 1);
  CHECK(second.data == view.sample(1));
  CHECK(second.shape == view.shape);
}

TEST_CASE("tensor view: the matrix has a row for each pixel and a column for each channel") {
  Tensor<float> tensor = counted();
  const auto matrix = tensor.view().matrix();
  REQUIRE(matrix.rows() == 12);
  REQUIRE(matrix.cols() == 4);
  CHECK(matrix(7, 2) == 7 * 4 + 2);
  static_assert(std::is_const_v<std::remove_pointer_t<decltype(std::as_const(tensor).view().matrix().data())>>);
}

TEST_CASE("tensor view: knows whether there is memory behind it") {
  Tensor<float> tensor = counted();
  CHECK(TensorView<float>{}.empty());
  CHECK_FALSE(tensor.view().empty());
  const TensorView<const float> read_only = tensor.view();
  CHECK(read_only.data == tensor.data());
}
