#include <lamina/layers/conv2d.hpp>

#include "layer_checks.hpp"

using namespace lamina;
using test::check_gradients_of;

namespace {

template <Index Height, Index Width, Index Channels, ConvOptions Options, Index Filters, Index Kernel>
using One = Sequential<Image<Height, Width, Channels>, Conv2d<Filters, Kernel, Options>>;

constexpr ConvOptions kIm2col{.algorithm = ConvAlgorithm::im2col};
constexpr ConvOptions kWinograd{.algorithm = ConvAlgorithm::winograd};

}  // namespace

TEST_CASE("convolution: the output has as many pixels as the window has positions") {
  const auto output = []<class Layer>(Layer, Shape input) { return Layer::output(input); };
  CHECK(output(Conv2d<8, 3>{}, {32, 32, 3}) == Shape{32, 32, 8});
  CHECK(output(Conv2d<8, 5>{}, {9, 7, 3}) == Shape{9, 7, 8});
  CHECK(output(Conv2d<8, 3, ConvOptions{.dilation = 2}>{}, {9, 7, 3}) == Shape{9, 7, 8});
  CHECK(output(Conv2d<8, 3, ConvOptions{.padding = 0}>{}, {9, 7, 3}) == Shape{7, 5, 8});
  CHECK(output(Conv2d<8, 3, ConvOptions{.stride = 2}>{}, {9, 8, 3}) == Shape{5, 4, 8});
  CHECK(output(Conv2d<8, 2, ConvOptions{.stride = 2, .padding = 0}>{}, {9, 8, 3}) == Shape{4, 4, 8});
  CHECK(output(Conv2d<8, 3, ConvOptions{.padding = 0, .dilation = 3}>{}, {9, 8, 3}) == Shape{3, 2, 8});
}

TEST_CASE("convolution: has a weight of kernel, kernel, inputs, filters and a bias unless it is told not to") {
  using Biased = One<6, 6, 5, ConvOptions{}, 8, 3>;
  using Unbiased = One<6, 6, 5, ConvOptions{.bias = false}, 8, 3>;
  CHECK(test::names_of(Biased::parameters) == std::vector<std::string_view>{"0.weight", "0.bias"});
  CHECK(test::shapes_of(Biased::parameters) == std::vector<std::vector<Index>>{{3, 3, 5, 8}, {8}});
  CHECK(test::names_of(Unbiased::parameters) == std::vector<std::string_view>{"0.weight"});
  STATIC_REQUIRE(Biased::parameter_count == 3 * 3 * 5 * 8 + 8);
  STATIC_REQUIRE(Unbiased::parameter_count == 3 * 3 * 5 * 8);
  STATIC_REQUIRE(Biased::multiply_adds == 6 * 6 * 8 * 3 * 3 * 5);
}

TEST_CASE("convolution: in groups a weight has the channels of one group") {
  using Grouped = One<6, 6, 6, ConvOptions{.groups = 2}, 8, 3>;
  using Depthwise = One<6, 6, 8, ConvOptions{.groups = 8, .bias = false}, 8, 3>;
  CHECK(test::shapes_of(Grouped::parameters) == std::vector<std::vector<Index>>{{3, 3, 3, 8}, {8}});
  CHECK(test::shapes_of(Depthwise::parameters) == std::vector<std::vector<Index>>{{3, 3, 1, 8}});
  STATIC_REQUIRE(Grouped::multiply_adds == 6 * 6 * 8 * 3 * 3 * 3);
  STATIC_REQUIRE(Depthwise::multiply_adds == 6 * 6 * 8 * 3 * 3);
}

TEST_CASE("convolution: weights and biases start uniform in +-1/sqrt(fan in)") {
  using Net = One<6, 6, 32, ConvOptions{}, 32, 3>;
  const Model<Net> model(5);
  const double bound = 1 / std::sqrt(3.0 * 3 * 32);
  double squares = 0;
  for (const double value : model.parameters()) {
    REQUIRE(std::abs(value) <= bound * (1 + 1e-6));
    squares += value * value;
  }
  // The mean square of n uniform values is bound^2 / 3 with a standard error of bound^2 sqrt(4 / 45 / n).
  const auto n = static_cast<double>(Net::parameter_count);
  CHECK(squares / n == Approx(bound * bound / 3).margin(5 * bound * bound * std::sqrt(4.0 / 45 / n)));
}

TEST_CASE("convolution: gradients are right for kernels 1, 2, 3 and 5") {
  check_gradients_of<One<5, 4, 3, kIm2col, 4, 1>>();
  check_gradients_of<One<5, 4, 3, kIm2col, 4, 2>>();
  check_gradients_of<One<5, 4, 3, kIm2col, 4, 3>>({.threads = 2});
  check_gradients_of<One<5, 4, 2, kIm2col, 3, 5>>();
}

TEST_CASE("convolution: gradients are right with stride, padding and dilation") {
  check_gradients_of<One<7, 6, 3, ConvOptions{.stride = 2}, 4, 3>>();
  check_gradients_of<One<7, 6, 3, ConvOptions{.stride = 3, .padding = 2}, 4, 2>>();
  check_gradients_of<One<7, 6, 3, ConvOptions{.padding = 0, .dilation = 2}, 4, 3>>();
  check_gradients_of<One<7, 6, 3, ConvOptions{.stride = 2, .padding = 3, .dilation = 2, .bias = false}, 4, 3>>();
}

TEST_CASE("convolution: gradients are right in groups and by depth") {
  check_gradients_of<One<5, 6, 6, ConvOptions{.groups = 2}, 4, 3>>();
  check_gradients_of<One<7, 6, 6, ConvOptions{.stride = 2, .groups = 3, .bias = false}, 9, 3>>({.threads = 2});
  check_gradients_of<One<5, 6, 4, ConvOptions{.groups = 4}, 4, 3>>({.threads = 2});
  check_gradients_of<One<7, 6, 5, ConvOptions{.stride = 2, .groups = 5, .bias = false}, 5, 3>>();
  check_gradients_of<One<8, 7, 3, ConvOptions{.stride = 2, .dilation = 2, .groups = 3}, 3, 3>>();
  check_gradients_of<One<5, 5, 4, ConvOptions{.groups = 4}, 8, 3>>();
}

TEST_CASE("convolution: gradients are right by Winograd") {
  check_gradients_of<One<6, 7, 8, kWinograd, 8, 3>>({.threads = 2});
  check_gradients_of<One<4, 4, 8, ConvOptions{.padding = 0, .algorithm = ConvAlgorithm::winograd}, 16, 3>>();
}

TEST_CASE("convolution: Winograd and im2col agree") {
  // Both compute the same sums of 9 * 16 products of about 0.1, to 40 units of rounding: see tests/kernels.
  const auto images = test::random_images<float>(2, {9, 10, 16});
  const auto im2col = test::train_output<One<9, 10, 16, kIm2col, 8, 3>>(images);
  const auto winograd = test::train_output<One<9, 10, 16, kWinograd, 8, 3>>(images);
  for (std::size_t i = 0; i < im2col.size(); ++i)
    REQUIRE(winograd[i] == Approx(im2col[i]).epsilon(0).margin(40 * 0x1p-23 * 14.4));
}
