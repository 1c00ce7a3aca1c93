#include <cmath>
#include <limits>

#include <lamina/kernels/simd.hpp>

#include "../catch.hpp"
#include "random_values.hpp"

using namespace lamina;
using test::random_buffer;

namespace {

/// Calls body.template operator()<Lanes>() for one lane and for each register from 16 bytes to the widest.
template <class T, class Body>
void for_each_width(const Body& body) {
  body.template operator()<1>();
  body.template operator()<16 / sizeof(T)>();
  if constexpr (kernels::kVectorBytes >= 32) body.template operator()<32 / sizeof(T)>();
  if constexpr (kernels::kVectorBytes >= 64) body.template operator()<64 / sizeof(T)>();
}

}  // namespace

TEMPLATE_TEST_CASE("simd: loads and stores need no alignment", "", float, double) {
  constexpr Index lanes = kernels::kWidestLanes<TestType>;
  const auto values = random_buffer<TestType>(3 * lanes, 1);
  for (Index offset = 0; offset < lanes; ++offset) {
    Buffer<TestType> copy(3 * lanes);
    kernels::store<TestType, lanes>(copy.data() + offset, kernels::load<TestType, lanes>(values.data() + offset));
    for (Index i = 0; i < copy.size(); ++i) {
      const bool inside = i >= offset && i < offset + lanes;
      REQUIRE(copy[i] == (inside ? values[i] : TestType{0}));
    }
  }
}

TEMPLATE_TEST_CASE("simd: multiply and add rounds as one lane does, in registers of any width", "", float, double) {
  const auto a = random_buffer<TestType>(64, 1);
  const auto b = random_buffer<TestType>(64, 2);
  const auto c = random_buffer<TestType>(64, 3);
  for_each_width<TestType>([&]<Index Lanes>() {
    const auto load = [](const auto& buffer) { return kernels::load<TestType, Lanes>(buffer.data()); };
    const auto result = kernels::multiply_add<TestType, Lanes>(load(a), load(b), load(c));
    for (Index i = 0; i < Lanes; ++i) {
      CHECK(result[i] == Approx(std::fma(a[i], b[i], c[i])).margin(2 * std::numeric_limits<TestType>::epsilon()));
      using One = kernels::Vector<TestType, 1>;
      CHECK(result[i] == kernels::multiply_add<TestType, 1>(One{a[i]}, One{b[i]}, One{c[i]})[0]);
    }
  });
}

#if defined(__FMA__) || defined(__aarch64__)
TEMPLATE_TEST_CASE("simd: multiply and add rounds once where the processor can", "", float, double) {
  // (1 + e)^2 - 1 = 2 e + e^2, of which a rounded product loses e^2.
  constexpr TestType e = std::numeric_limits<TestType>::epsilon();
  for_each_width<TestType>([&]<Index Lanes>() {
    const auto vector = [](TestType value) { return kernels::broadcast<TestType, Lanes>(value); };
    const auto result = kernels::multiply_add<TestType, Lanes>(vector(1 + e), vector(1 + e), vector(-1));
    for (Index i = 0; i < Lanes; ++i) CHECK(result[i] == 2 * e + e * e);
  });
}
#endif

TEMPLATE_TEST_CASE("simd: broadcasts to every lane", "", float, double) {
  constexpr Index lanes = kernels::kWidestLanes<TestType>;
  const auto vector = kernels::broadcast<TestType, lanes>(TestType(1.5));
  for (Index i = 0; i < lanes; ++i) CHECK(vector[i] == TestType(1.5));
}

TEST_CASE("simd: rounding up gives the next multiple") {
  static_assert(round_up(0, 8) == 0);
  static_assert(round_up(1, 8) == 8);
  static_assert(round_up(8, 8) == 8);
  static_assert(round_up(9, 8) == 16);
  SUCCEED();
}

TEMPLATE_TEST_CASE("simd: lanes for a row fit into a register and are no narrower than 16 bytes", "", float, double) {
  for (Index columns = 1; columns <= 200; ++columns) {
    const Index bytes = kernels::lanes_for<TestType>(columns) * static_cast<Index>(sizeof(TestType));
    REQUIRE((bytes == 16 || bytes == 32 || bytes == 64));
    REQUIRE(bytes <= kernels::kVectorBytes);
  }
}
