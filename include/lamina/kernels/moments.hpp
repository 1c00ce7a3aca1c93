#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/reduction.hpp>

/// @file
/// Mean and biased variance of each channel over the pixels of a batch. Pixels are taken in runs that stay in the
/// first-level cache: the mean of a run first, then the squared deviations from it, then both join those of the pixels
/// before (Chan, Golub and LeVeque 1979). A part of the batch is summed by one thread, and the parts in order.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Values of memory for the moments of one part of a batch, in whole cache lines: the means, then the sums of squared
/// deviations.
template <class T>
[[nodiscard]] constexpr Index moments_size(Index channels) {
  return whole_lines<T>(2 * channels);
}

namespace detail {

/// Adds the moments of `count` values to those of `total` - `count` values before, all of them scalars or vectors.
template <class Value, class T>
[[gnu::always_inline]] inline void merge(Value& mean, Value& deviation, const Value& other_mean,
                                         const Value& other_deviation, T count, T total) {
  const Value delta = other_mean - mean;
  mean += delta * (count / total);
  deviation += other_deviation + delta * delta * ((total - count) * (count / total));
}

/// Calls body.template operator()<Lanes, Vectors>(first channel) so that pairs of the widest vectors, then single
/// vectors cover all channels: neighbouring vectors share cache lines and keep the adders busy.
template <class T, class Body>
[[gnu::always_inline]] inline void for_channel_blocks(Index channels, const Body& body) {
  constexpr Index block = 2 * kWidestLanes<T>;
  const Index whole = channels / block * block;
  for (Index c = 0; c < whole; c += block) body.template operator()<kWidestLanes<T>, 2>(c);
  for_channel_vectors<T>(channels - whole,
                         [&]<Index Lanes>(Index c) { body.template operator()<Lanes, 1>(whole + c); });
}

/// sums[v] = sum over pixels of value(v, pixel) for the vectors of a block, each of four running sums: the bits of a
/// channel do not depend on how many are summed beside it.
template <class T, Index Lanes, Index Vectors, class Value>
[[gnu::always_inline]] inline void sum_pixels(Index pixels, const Value& value, Vector<T, Lanes>* sums) {
  constexpr Index steps = 4;
  VectorTile<T, Lanes, steps, Vectors> running = {};
  Index pixel = 0;
  for (; pixel + steps <= pixels; pixel += steps) {
#pragma GCC unroll 4
    for (Index i = 0; i < steps; ++i) {
#pragma GCC unroll 4
      for (Index v = 0; v < Vectors; ++v) running[i][v] += value(v, pixel + i);
    }
  }
  for (; pixel < pixels; ++pixel) {
    for (Index v = 0; v < Vectors; ++v) running[0][v] += value(v, pixel);
  }
  for (Index v = 0; v < Vectors; ++v) {
    sums[v] = (running[0][v] + running[1][v]) + (running[2][v] + running[3][v]);
  }
}

}  // namespace detail

/// The moments of pixels that are added run by run, while they are in the cache.
template <class T>
class MomentAccumulator {
 public:
  /// @param moments  moments_size(channels) values, which are overwritten
  MomentAccumulator(Index channels, T* moments) : MomentAccumulator(channels, {0, channels}, moments) {}
  /// Those of some of the channels alone.
  MomentAccumulator(Index channels, Range some, T* moments)
      : channels_(some.size()), mean_(moments + some.begin), deviation_(mean_ + channels) {
    std::fill_n(mean_, channels_, T{0});
    std::fill_n(deviation_, channels_, T{0});
  }

  /// Adds the pixels of an image or of a part of it, which lie `stride` values apart.
  void add(Index pixels, const T* x, Index stride) {
    for (Index first = 0; first < pixels; first += kRun) {
      add_run(std::min(kRun, pixels - first), x + first * stride, stride);
    }
  }

 private:
  /// Short enough for the second pass to find the values in the first-level cache, and for running sums of few terms.
  static constexpr Index kRun = 32;

  [[gnu::noinline]] void add_run(Index pixels, const T* x, Index stride) {
    const T count = static_cast<T>(pixels);
    total_ += count;
    detail::for_channel_blocks<T>(channels_, [&]<Index Lanes, Index Vectors>(Index c) {
      VectorRow<T, Lanes, Vectors> mean;
      VectorRow<T, Lanes, Vectors> deviation;
      const auto value = [&](Index v, Index pixel) { return load<T, Lanes>(x + pixel * stride + c + v * Lanes); };
      detail::sum_pixels<T, Lanes, Vectors>(pixels, value, mean);
      for (Index v = 0; v < Vectors; ++v) mean[v] /= count;
      detail::sum_pixels<T, Lanes, Vectors>(
          pixels,
          [&](Index v, Index pixel) {
            const Vector<T, Lanes> difference = value(v, pixel) - mean[v];
            return Vector<T, Lanes>(difference * difference);
          },
          deviation);
      for (Index v = 0; v < Vectors; ++v) merge<Lanes>(c + v * Lanes, mean[v], deviation[v], count);
    });
  }

  template <Index Lanes>
  [[gnu::always_inline]] void merge(Index c, Vector<T, Lanes> mean, Vector<T, Lanes> deviation, T count) {
    Vector<T, Lanes> all_mean = load<T, Lanes>(mean_ + c);
    Vector<T, Lanes> all_deviation = load<T, Lanes>(deviation_ + c);
    detail::merge(all_mean, all_deviation, mean, deviation, count, total_);
    store<T, Lanes>(mean_ + c, all_mean);
    store<T, Lanes>(deviation_ + c, all_deviation);
  }

  Index channels_;
  T* mean_;
  T* deviation_;
  T total_ = 0;
};

/// Pixels of each part of a batch.
struct PartSizes {
  Index parts = 0;
  std::array<Index, static_cast<std::size_t>(Partition::kMostParts)> sizes{};
};

/// Where the mean and the biased variance of each channel go.
template <class T>
struct BatchStatistics {
  T* mean = nullptr;
  T* variance = nullptr;
};

/// Mean and biased variance of each channel of a batch, given what a MomentAccumulator left for each part of it.
/// @param pixels   of each part
/// @param moments  moments_size(channels) values for each part, one part after the other
template <class T>
[[gnu::noinline]] void merge_moments(const PartSizes& pixels, Index channels, const T* moments,
                                     const BatchStatistics<T>& result) {
  const Index stride = moments_size<T>(channels);
  for_channel_vectors<T>(channels, [&]<Index Lanes>(Index c) {
    Vector<T, Lanes> mean{};
    Vector<T, Lanes> deviation{};
    T total = 0;
    for (Index part = 0; part < pixels.parts; ++part) {
      const T count = static_cast<T>(pixels.sizes[static_cast<std::size_t>(part)]);
      total += count;
      detail::merge(mean, deviation, load<T, Lanes>(moments + part * stride + c),
                    load<T, Lanes>(moments + part * stride + channels + c), count, total);
    }
    store<T, Lanes>(result.mean + c, mean);
    store<T, Lanes>(result.variance + c, deviation / total);
  });
}

/// The same for parts of a batch whose samples have so many pixels each.
template <class T>
void merge_moments(const Partition& partition, Index pixels, Index channels, const T* moments,
                   const BatchStatistics<T>& result) {
  PartSizes sizes{.parts = partition.parts()};
  for (Index part = 0; part < sizes.parts; ++part) {
    sizes.sizes[static_cast<std::size_t>(part)] = partition[part].size() * pixels;
  }
  merge_moments(sizes, channels, moments, result);
}

/// Values of scratch memory for batch_moments.
template <class T>
[[nodiscard]] constexpr Index batch_moments_scratch(Index batch, Index channels) {
  return Partition{batch}.parts() * moments_size<T>(channels);
}

/// Mean and biased variance of each channel. Reads x once.
/// @param scratch  batch_moments_scratch values
template <class T>
void batch_moments(const Team& team, TensorView<const T> x, T* scratch, const BatchStatistics<T>& result) {
  const Partition partition{x.batch};
  const Index channels = x.shape.channels;
  team.for_each(partition.parts(), [&](Index part, Index) {
    const Range samples = partition[part];
    MomentAccumulator<T> moments(channels, scratch + part * moments_size<T>(channels));
    moments.add(samples.size() * x.shape.pixels(), x.sample(samples.begin), x.stride);
  });
  merge_moments(partition, x.shape.pixels(), channels, scratch, result);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
