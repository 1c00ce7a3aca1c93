#pragma once

#include <cmath>
#include <cstddef>

#if defined(__FMA__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>

/// @file
/// Vector registers: the vector types of g++ and clang++, which the same source turns into SSE, AVX, AVX-512 or NEON,
/// with the usual operators, and a multiply-add from each instruction set's intrinsics.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Bytes of the target's widest vector register, and how many registers there are.
#if defined(__AVX512F__)
inline constexpr Index kVectorBytes = 64;
inline constexpr Index kRegisters = 32;
#elif defined(__AVX__)
inline constexpr Index kVectorBytes = 32;
inline constexpr Index kRegisters = 16;
#elif defined(__aarch64__)
inline constexpr Index kVectorBytes = 16;
inline constexpr Index kRegisters = 32;
#else
inline constexpr Index kVectorBytes = 16;
inline constexpr Index kRegisters = 16;
#endif

template <class T>
inline constexpr Index kWidestLanes = kVectorBytes / static_cast<Index>(sizeof(T));

template <class T, Index Lanes>
struct VectorType {
  using type [[gnu::vector_size(Lanes * sizeof(T))]] = T;
  using unaligned [[gnu::vector_size(Lanes * sizeof(T)), gnu::aligned(alignof(T)), gnu::may_alias]] = T;
};

/// A register of Lanes values of T.
template <class T, Index Lanes>
using Vector = typename VectorType<T, Lanes>::type;

/// Arrays of registers, in one row and in several.
template <class T, Index Lanes, Index Count>
using VectorRow = Vector<T, Lanes>[static_cast<std::size_t>(Count)];
template <class T, Index Lanes, Index Rows, Index Columns>
using VectorTile = Vector<T, Lanes>[static_cast<std::size_t>(Rows)][static_cast<std::size_t>(Columns)];

template <class T, Index Lanes>
[[nodiscard, gnu::always_inline]] inline Vector<T, Lanes> load(const T* from) {
  return *reinterpret_cast<const typename VectorType<T, Lanes>::unaligned*>(from);
}

template <class T, Index Lanes>
[[gnu::always_inline]] inline void store(T* to, Vector<T, Lanes> value) {
  *reinterpret_cast<typename VectorType<T, Lanes>::unaligned*>(to) = value;
}

/// Subtracts zero, which leaves every value as it is and so costs nothing; adding it would turn -0 into 0, and the
/// compiler had to compute the sum.
template <class T, Index Lanes>
[[nodiscard, gnu::always_inline]] inline Vector<T, Lanes> broadcast(T value) {
  return value - Vector<T, Lanes>{};
}

namespace detail {

/// a b + c for vectors that no instruction fuses it for.
template <class AnyVector>
[[nodiscard, gnu::always_inline]] inline AnyVector fused(AnyVector a, AnyVector b, AnyVector c) {
  return a * b + c;
}

#if defined(__FMA__) || defined(__aarch64__)
[[nodiscard, gnu::always_inline]] inline Vector<float, 1> fused(Vector<float, 1> a, Vector<float, 1> b,
                                                                Vector<float, 1> c) {
  return Vector<float, 1>{std::fma(a[0], b[0], c[0])};
}
[[nodiscard, gnu::always_inline]] inline Vector<double, 1> fused(Vector<double, 1> a, Vector<double, 1> b,
                                                                 Vector<double, 1> c) {
  return Vector<double, 1>{std::fma(a[0], b[0], c[0])};
}
#endif
#if defined(__aarch64__)
[[nodiscard, gnu::always_inline]] inline Vector<float, 4> fused(Vector<float, 4> a, Vector<float, 4> b,
                                                                Vector<float, 4> c) {
  return vfmaq_f32(c, a, b);
}
[[nodiscard, gnu::always_inline]] inline Vector<double, 2> fused(Vector<double, 2> a, Vector<double, 2> b,
                                                                 Vector<double, 2> c) {
  return vfmaq_f64(c, a, b);
}
#elif defined(__FMA__)
[[nodiscard, gnu::always_inline]] inline Vector<float, 4> fused(Vector<float, 4> a, Vector<float, 4> b,
                                                                Vector<float, 4> c) {
  return _mm_fmadd_ps(a, b, c);
}
[[nodiscard, gnu::always_inline]] inline Vector<double, 2> fused(Vector<double, 2> a, Vector<double, 2> b,
                                                                 Vector<double, 2> c) {
  return _mm_fmadd_pd(a, b, c);
}
[[nodiscard, gnu::always_inline]] inline Vector<float, 8> fused(Vector<float, 8> a, Vector<float, 8> b,
                                                                Vector<float, 8> c) {
  return _mm256_fmadd_ps(a, b, c);
}
[[nodiscard, gnu::always_inline]] inline Vector<double, 4> fused(Vector<double, 4> a, Vector<double, 4> b,
                                                                 Vector<double, 4> c) {
  return _mm256_fmadd_pd(a, b, c);
}
#if defined(__AVX512F__)
[[nodiscard, gnu::always_inline]] inline Vector<float, 16> fused(Vector<float, 16> a, Vector<float, 16> b,
                                                                 Vector<float, 16> c) {
  return _mm512_fmadd_ps(a, b, c);
}
[[nodiscard, gnu::always_inline]] inline Vector<double, 8> fused(Vector<double, 8> a, Vector<double, 8> b,
                                                                 Vector<double, 8> c) {
  return _mm512_fmadd_pd(a, b, c);
}
#endif
#endif

}  // namespace detail

/// a b + c, rounded once where the processor has a fused multiply-add: with -std=c++20 g++ never fuses on its own, and
/// std::fma lane by lane it turns into vector instructions in small functions only.
template <class T, Index Lanes>
[[nodiscard, gnu::always_inline]] inline Vector<T, Lanes> multiply_add(Vector<T, Lanes> a, Vector<T, Lanes> b,
                                                                       Vector<T, Lanes> c) {
  return detail::fused(a, b, c);
}

/// Asks for the cache line at `address`, which may lie outside of any object.
template <class T>
[[gnu::always_inline]] inline void prefetch(const T* address) {
  __builtin_prefetch(address);
}

/// How many rows of an image ahead elementwise loops ask for: the hardware looks ahead no further than a page, which a
/// row of 32 pixels x 32 channels fills.
inline constexpr Index kPrefetchRows = 2;

/// Lanes for rows of `columns` values: the widest register that divides a multiple of 8; for other rows the widest that
/// wastes at most an eighth of them; never less than a 16-byte register.
template <class T>
[[nodiscard]] constexpr Index lanes_for(Index columns) {
  constexpr Index narrowest = 16 / static_cast<Index>(sizeof(T));
  const auto fits = [columns](Index lanes) {
    return columns % 8 == 0 ? columns % lanes == 0 : 8 * (round_up(columns, lanes) - columns) <= columns;
  };
  Index lanes = kWidestLanes<T>;
  while (lanes > narrowest && !fits(lanes)) lanes /= 2;
  return lanes;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
