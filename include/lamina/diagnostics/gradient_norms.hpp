#pragma once

#include <algorithm>
#include <array>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/simd.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What one pass over an array of gradients yields. In double: the gradients of a plain VGG38 are 1e-18, and float
/// holds no sum of their squares. `sum_abs` is NaN or infinite exactly when a gradient is (for double, or beyond
/// 1e308).
struct GradientNorms {
  double sum_abs = 0;
  double sum_squares = 0;
  double max_abs = 0;

  /// Adds the norms of further gradients.
  void add(const GradientNorms& other) {
    sum_abs += other.sum_abs;
    sum_squares += other.sum_squares;
    max_abs = std::max(max_abs, other.max_abs);
  }
};

namespace detail {

/// Norms of values that arrive a vector at a time.
template <Index Lanes>
struct LaneNorms {
  using Values = kernels::Vector<double, Lanes>;

  Values sum{};
  Values squares{};
  Values most{};

  template <class T>
  [[gnu::always_inline]] void add(const T* values) {
    const Values value = __builtin_convertvector((kernels::load<T, Lanes>(values)), Values);
    const Values magnitude = value < 0 ? -value : value;
    sum += magnitude;
    squares = kernels::multiply_add<double, Lanes>(value, value, squares);
    most = magnitude > most ? magnitude : most;
  }

  void add_to(GradientNorms& norms) const {
    for (Index lane = 0; lane < Lanes; ++lane) {
      norms.sum_abs += sum[lane];
      norms.sum_squares += squares[lane];
      norms.max_abs = std::max(norms.max_abs, most[lane]);
    }
  }
};

}  // namespace detail

/// Norms of `size` gradients, read once.
/// @tparam T  float or double
template <class T>
[[nodiscard]] GradientNorms gradient_norms(const T* gradients, Index size) {
  constexpr Index lanes = kernels::kWidestLanes<double>;
  // Four independent sums: an addition takes four cycles, and memory delivers a vector a cycle from the cache.
  constexpr std::size_t sums = 4;
  std::array<detail::LaneNorms<lanes>, sums> vectors;
  Index i = 0;
  for (; i + static_cast<Index>(sums) * lanes <= size; i += static_cast<Index>(sums) * lanes) {
#pragma GCC unroll 4
    for (std::size_t j = 0; j < sums; ++j) vectors[j].add(gradients + i + static_cast<Index>(j) * lanes);
  }
  detail::LaneNorms<1> rest;
  for (; i < size; ++i) rest.add(gradients + i);

  GradientNorms norms;
  for (const auto& vector : vectors) vector.add_to(norms);
  rest.add_to(norms);
  return norms;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
