#include <limits>
#include <vector>

#include <lamina/core/floating_point.hpp>
#include <lamina/core/random.hpp>
#include <lamina/diagnostics/gradient_norms.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

template <class T>
std::vector<T> random_values(std::size_t size, double scale) {
  RandomStream random(1, RandomPurpose::test);
  std::vector<T> values(size);
  for (T& value : values) value = static_cast<T>(scale * random.normal());
  return values;
}

template <class T>
GradientNorms norms(const std::vector<T>& values) {
  return gradient_norms(values.data(), std::ssize(values));
}

}  // namespace

TEMPLATE_TEST_CASE("gradient norms: equal the plain loop for every length", "", float, double) {
  const std::size_t size = GENERATE(range(0U, 70U));
  const auto values = random_values<TestType>(size, 1);
  GradientNorms plain;
  for (const double value : values) {
    plain.sum_abs += std::abs(value);
    plain.sum_squares += value * value;
    plain.max_abs = std::max(plain.max_abs, std::abs(value));
  }
  // Two orders of adding up to 70 values of one sign: each addition rounds by at most 1.1e-16 of the sum.
  CHECK(norms(values).sum_abs == Approx(plain.sum_abs).epsilon(2 * 70 * 1.2e-16));
  CHECK(norms(values).sum_squares == Approx(plain.sum_squares).epsilon(2 * 70 * 1.2e-16));
  CHECK(norms(values).max_abs == plain.max_abs);
}

TEST_CASE("gradient norms: hold the squares of gradients of 1e-30, even where subnormals are flushed") {
  const FlushSubnormals scope;
  const std::vector<float> values(1000, 1e-30F);
  CHECK(norms(values).sum_squares == Approx(1e-57).epsilon(1e-6));
  CHECK(norms(values).sum_abs == Approx(1e-27).epsilon(1e-6));
}

TEMPLATE_TEST_CASE("gradient norms: the sum tells of one value that is not finite, wherever it is", "", float, double) {
  const std::size_t position = GENERATE(range(0U, 37U));
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity()}) {
    auto values = random_values<TestType>(37, 1);
    CHECK(std::isfinite(norms(values).sum_abs));
    values[position] = static_cast<TestType>(bad);
    CHECK_FALSE(std::isfinite(norms(values).sum_abs));
  }
}

TEST_CASE("gradient norms: the largest finite values are finite") {
  const std::vector<float> values(100, -std::numeric_limits<float>::max());
  CHECK(norms(values).max_abs == std::numeric_limits<float>::max());
  CHECK(norms(values).sum_abs == Approx(100.0 * std::numeric_limits<float>::max()));
  CHECK(std::isfinite(norms(values).sum_squares));
}
