#pragma once

#include <lamina/core/tensor.hpp>
#include <lamina/kernels/reduction.hpp>

/// @file
/// Mean and variance of each channel over pixels that come one image after the other, while each is in the cache.

namespace lamina::kernels {

/// Where the moments of some pixels lie: their number, and for each channel the mean and the sum of squared deviations.
template <class T>
struct MomentsView {
  T count = 0;
  T* mean = nullptr;
  T* deviation = nullptr;
};

/// Merges the moments of one channel vector of further pixels (Chan, Golub and LeVeque 1979); counts are left alone.
template <class T, Index Lanes>
[[gnu::always_inline]] inline void merge_channel_moments(const MomentsView<T>& moments, Index channel, T count,
                                                         Vector<T, Lanes> mean, Vector<T, Lanes> deviation) {
  const T total = moments.count + count;
  const auto old_mean = load<T, Lanes>(moments.mean + channel);
  const Vector<T, Lanes> delta = mean - old_mean;
  store<T, Lanes>(moments.mean + channel, old_mean + delta * (count / total));
  store<T, Lanes>(moments.deviation + channel, load<T, Lanes>(moments.deviation + channel) + deviation +
                                                   delta * delta * (moments.count * count / total));
}

/// Adds `pixels` pixels, whose rows of `channels` values lie `stride` values apart: two passes over them.
template <class T>
void add_moments(MomentsView<T>& moments, Index pixels, Index channels, const T* values, Index stride) {
  for_channel_vectors<T>(channels, [&]<Index Lanes>(Index c) {
    const auto sum = [&](const auto& term) {
      Vector<T, Lanes> running[4] = {};
      Index pixel = 0;
      for (; pixel + 4 <= pixels; pixel += 4) {
#pragma GCC unroll 4
        for (Index i = 0; i < 4; ++i) running[i] += term(load<T, Lanes>(values + (pixel + i) * stride + c));
      }
      for (; pixel < pixels; ++pixel) running[0] += term(load<T, Lanes>(values + pixel * stride + c));
      return (running[0] + running[1]) + (running[2] + running[3]);
    };
    const Vector<T, Lanes> mean = sum([](Vector<T, Lanes> value) { return value; }) / static_cast<T>(pixels);
    const Vector<T, Lanes> deviation = sum([mean](Vector<T, Lanes> value) {
      const Vector<T, Lanes> difference = value - mean;
      return difference * difference;
    });
    merge_channel_moments<T, Lanes>(moments, c, static_cast<T>(pixels), mean, deviation);
  });
  moments.count += static_cast<T>(pixels);
}

}  // namespace lamina::kernels
