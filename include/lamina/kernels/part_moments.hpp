#pragma once

#include <algorithm>

#include <lamina/kernels/reduction.hpp>

/// @file
/// Mean and variance of each channel over pixels that come in blocks, while they are in the cache. Blocks are merged in
/// order into the moments of a part of the batch, and those of the parts into the batch's (Chan, Golub and LeVeque
/// 1979).

namespace lamina::kernels {

/// Means and sums of squared deviations of some channels over `count` pixels.
template <class T>
struct PartMoments {
  T* mean = nullptr;
  T* deviation = nullptr;
  Index count = 0;
};

namespace detail {

/// Merges the moments of `count` more pixels into those of a vector of channels.
template <class T, Index Lanes>
[[gnu::always_inline]] inline void merge_moments(const PartMoments<T>& moments, Index c, Index count,
                                                 Vector<T, Lanes> mean, Vector<T, Lanes> deviation) {
  const auto before = static_cast<T>(moments.count);
  const auto more = static_cast<T>(count);
  const auto total = before + more;
  const auto old_mean = before == 0 ? Vector<T, Lanes>{} : load<T, Lanes>(moments.mean + c);
  const auto old_deviation = before == 0 ? Vector<T, Lanes>{} : load<T, Lanes>(moments.deviation + c);
  const Vector<T, Lanes> delta = mean - old_mean;
  store<T, Lanes>(moments.mean + c, old_mean + delta * (more / total));
  store<T, Lanes>(moments.deviation + c, old_deviation + deviation + delta * delta * (before * (more / total)));
}

}  // namespace detail

/// Adds a block of pixels to the moments. Its rows lie `stride` values apart.
template <class T>
void add_moments(Index channels, Index pixels, const T* values, Index stride, PartMoments<T>& moments) {
  for_channel_vectors<T>(channels, [&]<Index Lanes>(Index c) {
    const auto sum = [&](const auto& term) {
      Vector<T, Lanes> running[4] = {};
      Index i = 0;
      for (; i + 4 <= pixels; i += 4) {
#pragma GCC unroll 4
        for (Index r = 0; r < 4; ++r) running[r] += term(load<T, Lanes>(values + (i + r) * stride + c));
      }
      for (; i < pixels; ++i) running[0] += term(load<T, Lanes>(values + i * stride + c));
      const Vector<T, Lanes> all = (running[0] + running[1]) + (running[2] + running[3]);
      return all;
    };
    const Vector<T, Lanes> mean = sum([](Vector<T, Lanes> x) { return x; }) / static_cast<T>(pixels);
    const Vector<T, Lanes> deviation = sum([&](Vector<T, Lanes> x) -> Vector<T, Lanes> {
      const Vector<T, Lanes> difference = x - mean;
      return difference * difference;
    });
    detail::merge_moments<T, Lanes>(moments, c, pixels, mean, deviation);
  });
  moments.count += pixels;
}

/// Mean and biased variance of the batch. `partial` has for each part the means and then the sums of squared
/// deviations; count(part) is its number of pixels.
template <class T, class Count>
void merge_part_moments(Index channels, Index parts, const T* partial, const Count& count, T* mean, T* variance) {
  for (Index c = 0; c < channels; ++c) {
    T all_mean = 0;
    T deviation = 0;
    Index total = 0;
    for (Index part = 0; part < parts; ++part) {
      T part_mean = all_mean;
      T part_deviation = deviation;
      PartMoments<T> moments{&part_mean, &part_deviation, total};
      const T* const from = partial + 2 * channels * part + c;
      detail::merge_moments<T, 1>(moments, 0, count(part), load<T, 1>(from), load<T, 1>(from + channels));
      total += count(part);
      all_mean = part_mean;
      deviation = part_deviation;
    }
    mean[c] = all_mean;
    variance[c] = deviation / static_cast<T>(total);
  }
}

}  // namespace lamina::kernels
