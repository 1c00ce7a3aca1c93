#include <limits>
#include <vector>

#include <lamina/kernels/pooling.hpp>

#include "../catch.hpp"
#include "random_values.hpp"

using namespace lamina;
using test::random_tensor;

namespace {

/// Calls visit(input value, output value), as offsets, for each pixel of each window.
template <class Visit>
void for_each_in_windows(Index batch, const Shape& input, Index window, const Visit& visit) {
  const Index width = input.width / window;
  for (Index n = 0; n < batch; ++n)
    for (Index y = 0; y < input.height; ++y)
      for (Index x = 0; x < input.width; ++x)
        for (Index c = 0; c < input.channels; ++c) {
          const Index output_pixel = (n * (input.height / window) + y / window) * width + x / window;
          visit(((n * input.height + y) * input.width + x) * input.channels + c, output_pixel * input.channels + c);
        }
}

Shape pooled(const Shape& shape, Index window) { return {shape.height / window, shape.width / window, shape.channels}; }

template <class T, Index Channels, Index Window>
void check_average() {
  const Shape shape{2 * Window, 3 * Window, Channels};
  const auto x = random_tensor<T>(3, shape, 1);
  const auto dy = random_tensor<T>(3, pooled(shape, Window), 2);
  Tensor<T> y(3, pooled(shape, Window));
  auto dx = random_tensor<T>(3, shape, 3);
  kernels::average_pool<T, Channels, Window>(Team(2), x.view(), y.view());
  kernels::average_pool_gradient<T, Channels, Window>(Team(2), dy.view(), dx.view());

  std::vector<test::Sum> sums(static_cast<std::size_t>(y.size()));
  constexpr double share = 1.0 / (Window * Window);
  const double epsilon = std::numeric_limits<T>::epsilon();
  for_each_in_windows(3, shape, Window, [&](Index from, Index to) {
    sums[static_cast<std::size_t>(to)].add(x[from], share);
    REQUIRE(dx[from] == Approx(dy[to] * share).epsilon(2 * epsilon));
  });
  for (Index i = 0; i < y.size(); ++i) REQUIRE(sums[static_cast<std::size_t>(i)].agrees(y[i]));
}

template <class T, Index Channels, Index Window>
void check_max() {
  const Shape shape{2 * Window, 3 * Window, Channels};
  const auto x = random_tensor<T>(3, shape, 1);
  const auto dy = random_tensor<T>(3, pooled(shape, Window), 2);
  Tensor<T> y(3, pooled(shape, Window));
  auto dx = random_tensor<T>(3, shape, 3);
  kernels::max_pool<T, Channels, Window>(Team(2), x.view(), y.view());
  kernels::max_pool_gradient<T, Channels, Window>(Team(2), x.view(), y.view(), dy.view(), dx.view());

  std::vector<T> most(static_cast<std::size_t>(y.size()), -std::numeric_limits<T>::infinity());
  for_each_in_windows(3, shape, Window, [&](Index from, Index to) {
    most[static_cast<std::size_t>(to)] = std::max(most[static_cast<std::size_t>(to)], x[from]);
  });
  CHECK(test::values_of(y) == most);
  for_each_in_windows(3, shape, Window,
                      [&](Index from, Index to) { REQUIRE(dx[from] == (x[from] == y[to] ? dy[to] : T{0})); });
}

/// Maximum and gradient (of an output gradient of 1) of one 2 x 2 window, row by row, in each of nine channels, so that
/// vectors and single values both see it.
struct OneWindow {
  float maximum;
  std::vector<float> gradient;

  explicit OneWindow(const std::vector<float>& values) {
    Tensor<float> x(1, {2, 2, 9});
    for (Index i = 0; i < x.size(); ++i) x[i] = values[static_cast<std::size_t>(i / 9)];
    Tensor<float> y(1, {1, 1, 9});
    Tensor<float> dy(1, {1, 1, 9});
    for (Index c = 0; c < 9; ++c) dy[c] = 1;
    Tensor<float> dx(1, x.shape());
    kernels::max_pool<float, 9, 2>(Team(1), x.view(), y.view());
    kernels::max_pool_gradient<float, 9, 2>(Team(1), x.view(), y.view(), dy.view(), dx.view());
    maximum = y[0];
    gradient = {dx[0], dx[9], dx[18], dx[27]};
    for (Index i = 0; i < dx.size(); ++i) REQUIRE(dx[i] == gradient[static_cast<std::size_t>(i / 9)]);
    for (Index c = 1; c < 9; ++c) REQUIRE((y[c] == maximum || (std::isnan(y[c]) && std::isnan(maximum))));
  }
};

}  // namespace

TEMPLATE_TEST_CASE("average pool: value and gradient are the definition's", "", float, double) {
  check_average<TestType, 1, 2>();
  check_average<TestType, 3, 3>();
  check_average<TestType, 8, 2>();
  check_average<TestType, 21, 2>();
  check_average<TestType, 32, 1>();
}

TEMPLATE_TEST_CASE("max pool: value and gradient are the definition's", "", float, double) {
  check_max<TestType, 1, 2>();
  check_max<TestType, 3, 3>();
  check_max<TestType, 8, 2>();
  check_max<TestType, 21, 2>();
  check_max<TestType, 32, 1>();
}

TEST_CASE("max pool: of equal maxima the first gets the gradient") {
  CHECK(OneWindow({1, 5, 5, 5}).gradient == std::vector<float>{0, 1, 0, 0});
  CHECK(OneWindow({0, 0, 0, 0}).gradient == std::vector<float>{1, 0, 0, 0});
}

TEST_CASE("max pool: works below zero and with infinities") {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(OneWindow({-3, -1, -2, -4}).maximum == -1);
  CHECK(OneWindow({-infinity, -infinity, -7, -infinity}).gradient == std::vector<float>{0, 0, 1, 0});
  CHECK(OneWindow({-infinity, -infinity, -infinity, -infinity}).gradient == std::vector<float>{1, 0, 0, 0});
  CHECK(OneWindow({1, infinity, 2, 3}).maximum == infinity);
}

TEST_CASE("max pool: a NaN is the maximum wherever it stands, and gets the gradient") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t position = 0; position < 4; ++position) {
    std::vector<float> values{9, 2, 3, 4};
    values[position] = nan;
    std::vector<float> gradient(4);
    gradient[position] = 1;
    CHECK(std::isnan(OneWindow(values).maximum));
    CHECK(OneWindow(values).gradient == gradient);
  }
}

TEMPLATE_TEST_CASE("global average pool: value and gradient are the definition's", "", float, double) {
  const Shape shape{3, 5, 11};
  const auto x = random_tensor<TestType>(4, shape, 1);
  const auto dy = random_tensor<TestType>(4, {1, 1, 11}, 2);
  Tensor<TestType> y(4, {1, 1, 11});
  auto dx = random_tensor<TestType>(4, shape, 3);
  kernels::global_average_pool<TestType, 11>(Team(2), x.view(), y.view());
  kernels::global_average_pool_gradient<TestType, 11>(Team(2), dy.view(), dx.view());
  for (Index n = 0; n < 4; ++n)
    for (Index c = 0; c < 11; ++c) {
      test::Sum sum;
      for (Index pixel = 0; pixel < 15; ++pixel) {
        sum.add(x[(n * 15 + pixel) * 11 + c], 1.0 / 15);
        REQUIRE(dx[(n * 15 + pixel) * 11 + c] ==
                Approx(dy[n * 11 + c] / 15).epsilon(2 * std::numeric_limits<TestType>::epsilon()));
      }
      REQUIRE(sum.agrees(y[n * 11 + c]));
    }
}
