#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>
#include <lamina/kernels/simd.hpp>

/// @file
/// What tells how a signal propagates: sums over the values of each channel, in double.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Where the sums of a tensor's values go, each a value a channel.
struct SignalSums {
  double* sum = nullptr;
  double* squares = nullptr;
  double* largest = nullptr;
};

namespace detail {

template <class T, Index Lanes>
void add_channel_signals(const T* values, Index pixels, Index stride, const SignalSums& sums) {
  using Values = Vector<double, Lanes>;
  auto sum = load<double, Lanes>(sums.sum);
  auto squares = load<double, Lanes>(sums.squares);
  auto largest = load<double, Lanes>(sums.largest);
  for (Index pixel = 0; pixel < pixels; ++pixel) {
    const Values value = __builtin_convertvector((load<T, Lanes>(values + pixel * stride)), Values);
    sum += value;
    squares = multiply_add<double, Lanes>(value, value, squares);
    largest = value > largest ? value : largest;
  }
  store<double, Lanes>(sums.sum, sum);
  store<double, Lanes>(sums.squares, squares);
  store<double, Lanes>(sums.largest, largest);
}

}  // namespace detail

/// Adds the values of some pixels, which lie `stride` values apart, channel by channel.
template <class T>
[[gnu::noinline]] void add_signals(const T* values, Index pixels, Index channels, Index stride,
                                   const SignalSums& sums) {
  constexpr Index wide = kWidestLanes<double>;
  const auto at = [&](Index c) { return SignalSums{sums.sum + c, sums.squares + c, sums.largest + c}; };
  Index c = 0;
  for (; c + wide <= channels; c += wide) {
    detail::add_channel_signals<T, wide>(values + c, pixels, stride, at(c));
  }
  for (; c < channels; ++c) detail::add_channel_signals<T, 1>(values + c, pixels, stride, at(c));
}

/// How many of the values of some pixels lie outside of low ... high.
template <class T>
[[nodiscard]] Index count_outside(const T* values, Index pixels, Index channels, Index stride, T low, T high) {
  Index count = 0;
  for (Index pixel = 0; pixel < pixels; ++pixel) {
    const T* const row = values + pixel * stride;
    count += std::count_if(row, row + channels, [=](T value) { return value < low || value > high; });
  }
  return count;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
