#include <limits>

#include <lamina/diagnostics/gradient_check.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/sequential.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

struct Factors {
  double forward;
  double backward;
};

/// y = factor x, whose backward multiplies by another factor.
template <Factors F>
struct Multiply : KeepsShape {
  static constexpr std::string_view kind = "multiply";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    template <class T>
    static void forward(const Forward<T>& pass) {
      for (Index i = 0; i < pass.input.size(); ++i)
        pass.output.data[i] = static_cast<T>(F.forward) * pass.input.data[i];
    }
    template <class T>
    static void backward(const Backward<T>& pass) {
      for (Index i = 0; i < pass.input_gradient.size(); ++i)
        pass.input_gradient.data[i] = static_cast<T>(F.backward) * pass.output_gradient.data[i];
    }
  };
};

}  // namespace

TEST_CASE("gradient check: finds a derivative that is wrong by a millionth") {
  using Right = Sequential<Image<2, 2, 1>, Multiply<Factors{3.0, 3.0}>>;
  using Wrong = Sequential<Image<2, 2, 1>, Multiply<Factors{3.0, 3.0 * (1 + 1e-6)}>>;
  CHECK(check_gradients<Right>().largest_error() < 1e-9);
  // Rounding, at most 16 * 2e-16 * 30 / 1e-5 = 1e-8, is taken off.
  CHECK(check_gradients<Wrong>().largest_error() == Approx(1e-6).epsilon(0.02));
}

TEST_CASE("gradient check: names the tensor that is wrong") {
  using Wrong = Sequential<Image<4, 4, 2>, Conv2d<3, 3>, Multiply<Factors{2.0, 1.0}>, GlobalAvgPool, Linear<4>>;
  const GradientCheckReport report = check_gradients<Wrong>();
  REQUIRE(report.tensors.size() == 5);
  CHECK(report.tensors[0].name.view() == "0.weight");
  CHECK(report.tensors[1].name.view() == "0.bias");
  CHECK(report.tensors[2].name.view() == "3.weight");
  CHECK(report.tensors[3].name.view() == "3.bias");
  CHECK(report.tensors[4].name.view() == "input");
  CHECK(report.tensors[0].largest_error == Approx(0.5));
  CHECK(report.tensors[1].largest_error == Approx(0.5));
  CHECK(report.tensors[2].largest_error < 1e-8);
  CHECK(report.tensors[3].largest_error < 1e-8);
  CHECK(report.tensors[4].largest_error == Approx(0.5));
  CHECK(report.worst().difference == Approx(2 * report.worst().derivative));
  CHECK_THAT(to_string(report), ContainsSubstring("largest relative error 5.0e-01, in "));
}

TEST_CASE("gradient check: shows a gradient that is zero") {
  using Lost = Sequential<Image<2, 2, 1>, Conv2d<1, 1>, Multiply<Factors{0.0, 0.0}>>;
  const GradientCheckReport report = check_gradients<Lost>();
  CHECK(report.largest_error() == 0);
  CHECK(report.smallest_norm() == 0);
}

TEST_CASE("gradient check: a NaN is an infinite error") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  using NanBackward = Sequential<Image<2, 2, 1>, Multiply<Factors{1.0, nan}>>;
  using NanForward = Sequential<Image<2, 2, 1>, Multiply<Factors{nan, 1.0}>>;
  CHECK(check_gradients<NanBackward>().largest_error() == infinity);
  CHECK(check_gradients<NanForward>().largest_error() == infinity);
}

TEST_CASE("gradient check: a kink within the step does not count as an error") {
  // Of 48 standard normal values, some four lie within 0.1 of their kink, and most likely none within 0.1 / 16.
  using Net = Sequential<Image<4, 4, 1>, LeakyReLU>;
  CHECK(check_gradients<Net>({.step = 0.1}).largest_error() < 1e-8);
}

TEST_CASE("gradient check: a bias without effect has no error") {
  // Batch normalisation takes off the bias in front of it, so that its derivative is zero but for rounding.
  using Net = Sequential<Image<4, 4, 2>, Conv2d<3, 3>, BatchNorm>;
  const GradientCheckReport report = check_gradients<Net>();
  CHECK(report.largest_error() < 1e-7);
  CHECK(report.smallest_norm() < 1e-12);
}

TEST_CASE("gradient check: checks every value, or as many of a tensor as it is asked to") {
  using Net = Sequential<Image<4, 4, 2>, Conv2d<3, 3>>;
  const auto checked = [](Index values) {
    std::vector<Index> counts;
    for (const auto& tensor : check_gradients<Net>({.batch = 2, .values = values}).tensors)
      counts.push_back(tensor.checked);
    return counts;
  };
  CHECK(checked(1000) == std::vector<Index>{54, 3, 64});
  CHECK(checked(10) == std::vector<Index>{10, 3, 10});
}

TEST_CASE("gradient check: refuses options that check nothing") {
  using Net = Sequential<Image<1, 1, 1>, LeakyReLU>;
  CHECK_THROWS_WITH(check_gradients<Net>({.batch = 0}), ContainsSubstring("batch size must be positive, got 0"));
  CHECK_THROWS_WITH(check_gradients<Net>({.values = 0}), ContainsSubstring("needs values to check, got 0"));
  CHECK_THROWS_WITH(check_gradients<Net>({.step = 0}), ContainsSubstring("must be positive, got 0"));
}
