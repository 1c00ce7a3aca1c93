#include <cmath>
#include <limits>

#include <lamina/layers/smooth_activation.hpp>

#include "layer_checks.hpp"

using namespace lamina;
using test::check_gradients_of;

namespace {

/// The layer's value at x, in training.
template <class Layer>
double value_at(double x) {
  Tensor<double> image(1, {1, 1, 1});
  image[0] = x;
  return test::train_output<Sequential<Image<1, 1, 1>, Layer>>(image).front();
}

}  // namespace

TEST_CASE("smooth activations: keep the shape and have no parameters") {
  using Net = Sequential<Image<4, 5, 3>, Tanh, Sigmoid, SiLU, GELU>;
  STATIC_REQUIRE(Net::output_shape == Shape{4, 5, 3});
  STATIC_REQUIRE(Net::parameter_count == 0);
  CHECK(std::vector<std::string_view>(Net::kinds.begin(), Net::kinds.end()) ==
        std::vector<std::string_view>{"tanh", "sigmoid", "silu", "gelu"});
}

TEST_CASE("smooth activations: values are those of their definitions") {
  // Some operations on values of about x, each right to a unit of rounding or two.
  constexpr double tolerance = 32 * std::numeric_limits<double>::epsilon();
  for (const double x : {-3.0, -0.5, 0.0, 0.25, 1.0, 4.0}) {
    const double sigmoid = 1 / (1 + std::exp(-x));
    CHECK(value_at<Tanh>(x) == Approx(std::tanh(x)).epsilon(0).margin(tolerance));
    CHECK(value_at<Sigmoid>(x) == Approx(sigmoid).epsilon(0).margin(tolerance));
    CHECK(value_at<SiLU>(x) == Approx(x * sigmoid).epsilon(0).margin(4 * tolerance));
    CHECK(value_at<GELU>(x) == Approx(x * 0.5 * std::erfc(-x / std::sqrt(2.0))).epsilon(0).margin(4 * tolerance));
  }
}

TEST_CASE("smooth activations: far from zero they are their limits, and not NaN") {
  for (const double x : {50.0, 1e3, 1e300}) {
    CHECK(value_at<Tanh>(x) == 1);
    CHECK(value_at<Tanh>(-x) == -1);
    CHECK(value_at<Sigmoid>(x) == 1);
    CHECK(value_at<Sigmoid>(-x) == Approx(0).margin(1e-15));
    CHECK(value_at<SiLU>(x) == x);
    CHECK(value_at<GELU>(x) == x);
    CHECK(value_at<GELU>(-x) == Approx(0).margin(1e-15));
    CHECK(value_at<ELU>(x) == x);
    CHECK(value_at<ELU>(-x) == -1);
    CHECK(value_at<ReLU6>(x) == 6);
    CHECK(value_at<ReLU6>(-x) == 0);
    CHECK(value_at<HardSigmoid>(x) == 1);
    CHECK(value_at<HardSigmoid>(-x) == 0);
    CHECK(value_at<HardSwish>(x) == x);
    CHECK(value_at<HardSwish>(-x) == 0);
  }
}

TEST_CASE("smooth activations: NaN stays NaN") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(value_at<ELU>(nan)));
  CHECK(std::isnan(value_at<ReLU6>(nan)));
  CHECK(std::isnan(value_at<HardSigmoid>(nan)));
  CHECK(std::isnan(value_at<HardSwish>(nan)));
}

TEST_CASE("smooth activations: gradients are right") {
  const auto check = []<class Layer>(Layer) { check_gradients_of<Sequential<Image<4, 5, 3>, Layer>>(); };
  check(Tanh{});
  check(Sigmoid{});
  check(SiLU{});
  check(GELU{});
  check(ELU{});
  check(ReLU6{});
  check(HardSigmoid{});
  check(HardSwish{});
}
