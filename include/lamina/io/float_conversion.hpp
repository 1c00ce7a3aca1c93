#pragma once

#include <bit>
#include <cstdint>

#include <lamina/core/instruction_set.hpp>

/// @file
/// Numbers of two bytes as files hold them, which processors cannot compute with. Every one is exact in float.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The upper half of a float: bfloat16, type BF16 of safetensors files.
[[nodiscard]] constexpr float from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

/// IEEE's binary16, type F16 of safetensors files: a sign, five bits of exponent, ten of fraction.
[[nodiscard]] constexpr float from_half(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16U;
  const std::uint32_t exponent = (bits >> 10U) & 0x1FU;
  const std::uint32_t fraction = bits & 0x3FFU;
  if (exponent == 0) {  // zero, or subnormal: a multiple of 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign == 0 ? magnitude : -magnitude;
  }
  // The same fraction under an exponent that counts from another number; infinity and NaN have the largest in both.
  const std::uint32_t wide = exponent == 0x1FU ? 0xFFU : exponent + 127U - 15U;
  return std::bit_cast<float>(sign | wide << 23U | fraction << 13U);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
