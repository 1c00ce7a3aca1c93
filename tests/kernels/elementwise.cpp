#include <limits>
#include <vector>

#include <lamina/kernels/elementwise.hpp>

#include "../catch.hpp"
#include "random_values.hpp"

using namespace lamina;
using test::random_buffer;

namespace {

/// Sizes around multiples of every vector width and of the number of parts.
auto sizes() { return GENERATE(range(Index{0}, Index{40}), Index{511}, Index{512}, Index{1000}); }

}  // namespace

TEMPLATE_TEST_CASE("leaky relu: every value is max(x, slope x), in place too", "", float, double) {
  const Index size = sizes();
  const auto x = random_buffer<TestType>(size, 1);
  Buffer<TestType> y(size);
  kernels::leaky_relu<TestType>(Team(2), size, x.data(), TestType(0.25), y.data());
  for (Index i = 0; i < size; ++i) REQUIRE(y[i] == (x[i] > 0 ? x[i] : x[i] / 4));
  Buffer<TestType> in_place = x;
  kernels::leaky_relu<TestType>(Team(2), size, in_place.data(), TestType(0.25), in_place.data());
  CHECK(std::equal(y.begin(), y.end(), in_place.begin()));
}

TEMPLATE_TEST_CASE("leaky relu: the gradient is the slope's by the sign of the output, in place too", "", float,
                   double) {
  const Index size = sizes();
  const auto y = random_buffer<TestType>(size, 1);
  const auto dy = random_buffer<TestType>(size, 2);
  Buffer<TestType> dx(size);
  kernels::leaky_relu_gradient<TestType>(Team(2), size, y.data(), dy.data(), TestType(0.25), dx.data());
  for (Index i = 0; i < size; ++i) REQUIRE(dx[i] == (y[i] > 0 ? dy[i] : dy[i] / 4));
  Buffer<TestType> in_place = dy;
  kernels::leaky_relu_gradient<TestType>(Team(2), size, y.data(), in_place.data(), TestType(0.25), in_place.data());
  CHECK(std::equal(dx.begin(), dx.end(), in_place.begin()));
}

TEST_CASE("leaky relu: NaN and infinities pass") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Index size : {3, 35}) {  // by single values and by vectors
    std::vector<float> x(static_cast<std::size_t>(size), std::numeric_limits<float>::quiet_NaN());
    x[1] = infinity;
    x[2] = -infinity;
    kernels::leaky_relu(Team(1), size, x.data(), 0.01F, x.data());
    CHECK(std::isnan(x[0]));
    CHECK(x[1] == infinity);
    CHECK(x[2] == -infinity);
    CHECK((size == 3 || std::isnan(x[16])));
  }
}

TEMPLATE_TEST_CASE("add: adds value by value, over either argument too", "", float, double) {
  const Index size = sizes();
  const auto first = random_buffer<TestType>(size, 1);
  const auto second = random_buffer<TestType>(size, 2);
  Buffer<TestType> sum(size);
  kernels::add<TestType>(Team(2), size, first.data(), second.data(), sum.data());
  for (Index i = 0; i < size; ++i) REQUIRE(sum[i] == first[i] + second[i]);
  Buffer<TestType> over = first;
  kernels::add<TestType>(Team(2), size, over.data(), second.data(), over.data());
  CHECK(std::equal(sum.begin(), sum.end(), over.begin()));
  over = second;
  kernels::add<TestType>(Team(2), size, first.data(), over.data(), over.data());
  CHECK(std::equal(sum.begin(), sum.end(), over.begin()));
}

TEST_CASE("copy: copies every value") {
  const Index size = sizes();
  const auto values = random_buffer<float>(size, 1);
  Buffer<float> result(size);
  kernels::copy(Team(2), size, values.data(), result.data());
  CHECK(std::equal(values.begin(), values.end(), result.begin()));
}
