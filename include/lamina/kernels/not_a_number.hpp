#pragma once

#include <bit>

#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/simd.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// In which lanes of a register there is NaN: all bits set there, none elsewhere. By the bits, as value != value is
/// false under -ffast-math.
template <class T, Index Lanes>
[[nodiscard, gnu::always_inline]] inline auto not_a_number(Vector<T, Lanes> value) {
  using Bits = Vector<BitsOf<T>, Lanes>;
  return (std::bit_cast<Bits>(value) & kMagnitudeBits<T>) > kInfinityBits<T>;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
