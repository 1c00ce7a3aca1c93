#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <lamina/io/float_conversion.hpp>

#include "../catch.hpp"

using namespace lamina;

TEST_CASE("float conversion: halves are what IEEE says of their bits") {
  STATIC_REQUIRE(from_half(0x3C00) == 1.0F);
  STATIC_REQUIRE(from_half(0xC000) == -2.0F);
  STATIC_REQUIRE(from_half(0x7BFF) == 65504.0F);
  STATIC_REQUIRE(from_half(0x0400) == 0x1p-14F);
  STATIC_REQUIRE(from_half(0x0001) == 0x1p-24F);
  STATIC_REQUIRE(from_half(0x83FF) == -0x3FFp-24F);
  CHECK(from_half(0x7C00) == std::numeric_limits<float>::infinity());
  CHECK(from_half(0xFC00) == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(from_half(0x7E00)));
  CHECK(std::signbit(from_half(0x8000)));
}

TEST_CASE("float conversion: halves of either sign grow with their bits, without a gap or a step that is too large") {
  for (std::uint16_t bits = 0; bits < 0x7BFF; ++bits) {
    const float value = from_half(bits);
    const auto next = static_cast<std::uint16_t>(bits + 1);
    const int exponent = std::max(bits >> 10, 1) - 25;
    REQUIRE(from_half(next) - value == std::ldexp(1.0F, exponent));
    REQUIRE(from_half(static_cast<std::uint16_t>(bits | 0x8000)) == -value);
  }
}

TEST_CASE("float conversion: bfloat16 is the upper half of a float") {
  CHECK(from_bfloat16(0x3F80) == 1.0F);
  CHECK(std::bit_cast<std::uint32_t>(from_bfloat16(0xC049)) == 0xC0490000);
  CHECK(std::isnan(from_bfloat16(0x7FC0)));
}
