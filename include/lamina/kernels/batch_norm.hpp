#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include <lamina/core/tensor.hpp>
#include <lamina/kernels/reduction.hpp>

/// @file
/// Batch normalisation over the pixels of a batch (Ioffe and Szegedy 2015, algorithm 1), vectorised over channels.
/// Every reduction is summed by sample, then by part of the batch, then over parts in order, so that its bits do not
/// depend on the team.

namespace lamina::kernels {

/// Values of scratch memory for the two functions that reduce.
template <Index Channels>
inline constexpr Index batch_norm_scratch = 2 * Channels* Partition::kMostParts;

namespace detail {

/// Count, mean and sum of squared deviations of a set of values.
template <class T>
struct Moments {
  T count = 0;
  T mean = 0;
  T deviation = 0;

  /// The moments of both sets together (Chan, Golub and LeVeque 1979).
  void merge(T other_count, T other_mean, T other_deviation) {
    const T total = count + other_count;
    const T delta = other_mean - mean;
    mean += delta * other_count / total;
    deviation += other_deviation + delta * delta * count * other_count / total;
    count = total;
  }
};

/// Mean and sum of squared deviations of each channel of one sample: two passes while it is in the cache.
template <class T, Index Channels>
void sample_moments(Index pixels, const T* x, T* mean, T* deviation) {
  sum_channels<T, Channels>(
      pixels, [&]<Index Lanes>(Index, Index offset) { return load<T, Lanes>(x + offset); }, mean);
  for (Index c = 0; c < Channels; ++c) mean[c] /= static_cast<T>(pixels);
  sum_channels<T, Channels>(
      pixels,
      [&]<Index Lanes>(Index c, Index offset) {
        const Vector<T, Lanes> difference = load<T, Lanes>(x + offset) - load<T, Lanes>(mean + c);
        return difference * difference;
      },
      deviation);
}

}  // namespace detail

/// Moments of each channel over samples that are added one by one, while they are in the cache.
template <class T, Index Channels>
class ChannelMoments {
 public:
  void add_sample(Index pixels, const T* x) {
    std::array<T, Channels> mean;
    std::array<T, Channels> deviation;
    detail::sample_moments<T, Channels>(pixels, x, mean.data(), deviation.data());
    for (std::size_t c = 0; c < Channels; ++c) moments_[c].merge(static_cast<T>(pixels), mean[c], deviation[c]);
  }

  /// Writes the means and then the sums of squared deviations: 2 * Channels values.
  void write(T* partial) const {
    for (std::size_t c = 0; c < Channels; ++c) {
      partial[c] = moments_[c].mean;
      partial[static_cast<std::size_t>(Channels) + c] = moments_[c].deviation;
    }
  }

 private:
  std::array<detail::Moments<T>, Channels> moments_{};
};

/// Mean and biased variance of each channel of a batch, given what ChannelMoments wrote for each part of it.
template <class T, Index Channels>
void merge_moments(const Partition& partition, Index pixels, const T* partial, T* mean, T* variance) {
  for (Index c = 0; c < Channels; ++c) {
    detail::Moments<T> moments;
    for (Index part = 0; part < partition.parts(); ++part) {
      const T* const values = partial + 2 * Channels * part + c;
      moments.merge(static_cast<T>(partition[part].size() * pixels), values[0], values[Channels]);
    }
    mean[c] = moments.mean;
    variance[c] = moments.deviation / moments.count;
  }
}

/// Mean and biased variance of each channel. Reads x once.
template <class T, Index Channels>
void batch_moments(const Team& team, TensorView<const T> x, T* scratch, T* mean, T* variance) {
  const Partition partition{x.batch};
  team.for_each(partition.parts(), [&](Index part, Index) {
    ChannelMoments<T, Channels> moments;
    for (Index n = partition[part].begin; n < partition[part].end; ++n) {
      moments.add_sample(x.shape.pixels(), x.sample(n));
    }
    moments.write(scratch + 2 * Channels * part);
  });
  merge_moments<T, Channels>(partition, x.shape.pixels(), scratch, mean, variance);
}

/// Scale and shift that make scale x + shift = gamma (x - mean) inverse_deviation + beta.
template <class T>
void normalization(Index channels, const T* gamma, const T* beta, const T* mean, const T* inverse_deviation, T* scale,
                   T* shift) {
  for (Index c = 0; c < channels; ++c) {
    scale[c] = gamma[c] * inverse_deviation[c];
    shift[c] = beta[c] - mean[c] * scale[c];
  }
}

/// The factors of the input gradient dx = scale dy + x_factor x + shift, which is
/// gamma / deviation (dy - mean(dy) - x_hat mean(dy x_hat)), given the sums of dy (beta's gradient) and of dy x_hat
/// (gamma's) over `count` values a channel.
template <class T>
void normalization_gradient(Index channels, Index count, const T* gamma, const T* mean, const T* inverse_deviation,
                            const T* gamma_gradient, const T* beta_gradient, T* scale, T* x_factor, T* shift) {
  const T share = T{1} / static_cast<T>(count);
  for (Index c = 0; c < channels; ++c) {
    scale[c] = gamma[c] * inverse_deviation[c];
    x_factor[c] = -scale[c] * gamma_gradient[c] * share * inverse_deviation[c];
    shift[c] = -scale[c] * beta_gradient[c] * share - x_factor[c] * mean[c];
  }
}

/// Moves running means (channels values) and variances (the next channels values) towards those of a batch of `count`
/// values a channel, whose variance is biased; the running one is not.
template <class T>
void update_running_statistics(Index channels, Index count, T momentum, const T* mean, const T* variance, T* running) {
  const T unbiased = static_cast<T>(count) / static_cast<T>(std::max<Index>(count - 1, 1));
  for (Index c = 0; c < channels; ++c) {
    running[c] += momentum * (mean[c] - running[c]);
    running[channels + c] += momentum * (variance[c] * unbiased - running[channels + c]);
  }
}

/// inverse_deviation = 1 / sqrt(variance + epsilon); they may be the same memory.
template <class T>
void invert_deviation(Index channels, T epsilon, const T* variance, T* inverse_deviation) {
  for (Index c = 0; c < channels; ++c) inverse_deviation[c] = T{1} / std::sqrt(variance[c] + epsilon);
}

/// y = scale x + shift with a scale and shift for each channel. Reads x and writes y once; they may be the same.
template <class T, Index Channels>
void scale_and_shift(const Team& team, TensorView<const T> x, const T* scale, const T* shift, TensorView<T> y) {
  team.for_parts(x.pixels(), [&](Range pixels, Index) {
    for_channel_vectors<T>(Channels, [&]<Index Lanes>(Index c) {
      const auto a = load<T, Lanes>(scale + c);
      const auto b = load<T, Lanes>(shift + c);
      for (Index i = pixels.begin * Channels + c; i < pixels.end * Channels; i += Channels) {
        store<T, Lanes>(y.data + i, multiply_add<T, Lanes>(load<T, Lanes>(x.data + i), a, b));
      }
    });
  });
}

/// Sums over the batch of the output gradient (beta's gradient) and of output gradient times normalised input (gamma's
/// gradient). Reads x and the gradient once.
template <class T, Index Channels>
void batch_norm_parameter_gradients(const Team& team, TensorView<const T> x, TensorView<const T> output_gradient,
                                    const T* mean, const T* inverse_deviation, T* scratch, T* gamma_gradient,
                                    T* beta_gradient) {
  const Partition partition{x.batch};
  const Index pixels = x.shape.pixels();
  team.for_each(partition.parts(), [&](Index part, Index) {
    const Range samples = partition[part];
    T* const sums = scratch + 2 * Channels * part;
    std::fill_n(sums, 2 * Channels, T{0});
    std::array<T, Channels> sample_sums;
    const auto add = [&](T* to) {
      for (std::size_t c = 0; c < Channels; ++c) to[c] += sample_sums[c];
    };
    for (Index n = samples.begin; n < samples.end; ++n) {
      const T* const values = x.sample(n);
      const T* const gradient = output_gradient.sample(n);
      sum_channels<T, Channels>(
          pixels,
          [&]<Index Lanes>(Index c, Index offset) {
            const Vector<T, Lanes> centered = load<T, Lanes>(values + offset) - load<T, Lanes>(mean + c);
            return load<T, Lanes>(gradient + offset) * (centered * load<T, Lanes>(inverse_deviation + c));
          },
          sample_sums.data());
      add(sums);
      sum_channels<T, Channels>(
          pixels, [&]<Index Lanes>(Index, Index offset) { return load<T, Lanes>(gradient + offset); },
          sample_sums.data());
      add(sums + Channels);
    }
  });
  sum_parts(team, partition.parts(), 2 * Channels, scratch, Channels, gamma_gradient);
  sum_parts(team, partition.parts(), 2 * Channels, scratch + Channels, Channels, beta_gradient);
}

/// dx = scale dy + x_factor x + shift for each channel: the input gradient, whose factors the layer derives from the
/// two sums. Reads dy and x, writes dx once.
template <class T, Index Channels>
void combine_channels(const Team& team, TensorView<const T> dy, TensorView<const T> x, const T* scale,
                      const T* x_factor, const T* shift, TensorView<T> dx) {
  team.for_parts(x.pixels(), [&](Range pixels, Index) {
    for_channel_vectors<T>(Channels, [&]<Index Lanes>(Index c) {
      const auto a = load<T, Lanes>(scale + c);
      const auto b = load<T, Lanes>(x_factor + c);
      const auto s = load<T, Lanes>(shift + c);
      for (Index i = pixels.begin * Channels + c; i < pixels.end * Channels; i += Channels) {
        const auto inner = multiply_add<T, Lanes>(load<T, Lanes>(x.data + i), b, s);
        store<T, Lanes>(dx.data + i, multiply_add<T, Lanes>(load<T, Lanes>(dy.data + i), a, inner));
      }
    });
  });
}

}  // namespace lamina::kernels
