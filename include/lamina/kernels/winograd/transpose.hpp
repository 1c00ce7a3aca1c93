#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/simd.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd {

namespace detail {

/// The values of the first halves (or second halves) of two vectors in turn: a0 b0 a1 b1 ...
template <class T, Index Lanes, bool Second>
[[nodiscard, gnu::always_inline]] inline Vector<T, Lanes> interleave(Vector<T, Lanes> a, Vector<T, Lanes> b) {
  constexpr Index first = Second ? Lanes / 2 : 0;
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, (first + static_cast<Index>(I) / 2 + static_cast<Index>(I) % 2 * Lanes)...);
#else
    using Integer = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
    constexpr Vector<Integer, Lanes> places{
        static_cast<Integer>(first + static_cast<Index>(I) / 2 + static_cast<Index>(I) % 2 * Lanes)...};
    return __builtin_shuffle(a, b, places);
#endif
  }
  (std::make_index_sequence<static_cast<std::size_t>(Lanes)>{});
}

}  // namespace detail

/// Transposes a square of values in registers: each stage interleaves the first half of the rows with the second.
template <class T, Index Lanes>
[[gnu::always_inline]] inline void transpose(VectorRow<T, Lanes, Lanes>& rows) {
  if constexpr (Lanes > 1) {
#pragma GCC unroll 4
    for (Index stage = 1; stage < Lanes; stage *= 2) {
      VectorRow<T, Lanes, Lanes> next;
#pragma GCC unroll 8
      for (Index i = 0; i < Lanes / 2; ++i) {
        next[2 * i] = detail::interleave<T, Lanes, false>(rows[i], rows[i + Lanes / 2]);
        next[2 * i + 1] = detail::interleave<T, Lanes, true>(rows[i], rows[i + Lanes / 2]);
      }
#pragma GCC unroll 16
      for (Index i = 0; i < Lanes; ++i) rows[i] = next[i];
    }
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd
