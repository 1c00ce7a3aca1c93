#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include <lamina/core/instruction_set.hpp>

/// @file
/// Whether a number is one. std::isfinite and comparisons say what they like under -ffast-math, with which a compiler
/// takes for granted that there is no NaN; the bits of a number cannot be taken for granted.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The signed integer with as many bits as T.
template <std::floating_point T>
using BitsOf = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

/// The bits of infinity: all of the exponent's and no others. NaN has more, everything finite fewer.
template <std::floating_point T>
inline constexpr BitsOf<T> kInfinityBits = sizeof(T) == 4 ? BitsOf<T>{0x7F800000}
                                                          : static_cast<BitsOf<T>>(0x7FF0000000000000);

/// All bits but the sign's.
template <std::floating_point T>
inline constexpr BitsOf<T> kMagnitudeBits = sizeof(T) == 4 ? BitsOf<T>{0x7FFFFFFF}
                                                           : static_cast<BitsOf<T>>(0x7FFFFFFFFFFFFFFF);

/// Neither NaN nor infinite.
template <std::floating_point T>
[[nodiscard]] constexpr bool is_finite(T value) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  return (std::bit_cast<BitsOf<T>>(value) & kMagnitudeBits<T>) < kInfinityBits<T>;
}

template <std::floating_point T>
[[nodiscard]] constexpr bool is_nan(T value) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  return (std::bit_cast<BitsOf<T>>(value) & kMagnitudeBits<T>) > kInfinityBits<T>;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
