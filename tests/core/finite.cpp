#include <cmath>
#include <limits>

#include <lamina/core/finite.hpp>

#include "../catch.hpp"

using namespace lamina;

// tests/fast_math/ asks the same where a compiler takes for granted that the answer is yes.
TEMPLATE_TEST_CASE("finite: says of every kind of number what the standard library says", "", float, double) {
  using Limits = std::numeric_limits<TestType>;
  for (const TestType value :
       {TestType{0}, -TestType{0}, TestType{1}, Limits::denorm_min(), Limits::max(), Limits::lowest(),
        Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN(), Limits::signaling_NaN()}) {
    CAPTURE(value);
    CHECK(is_finite(value) == std::isfinite(value));
    CHECK(is_nan(value) == std::isnan(value));
  }
}
