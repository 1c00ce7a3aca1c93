#pragma once

#include <algorithm>
#include <cmath>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/moments.hpp>
#include <lamina/kernels/reduction.hpp>

/// @file
/// Normalisation of groups of values within a sample (Wu and He 2018), with a factor and a shift for each channel. A
/// block of pixels is normalised by itself, each of its groups of neighbouring channels apart: a block is a sample in
/// GroupNorm and a pixel in ChannelLayerNorm. Threads share the blocks out.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// What is normalised together.
struct NormalizedBlocks {
  Index pixels = 1;  ///< of a block
  Index channels = 1;
  Index groups = 1;  ///< divide the channels
  double epsilon = 1e-5;

  [[nodiscard]] constexpr Index group_channels() const { return channels / groups; }
  /// Values of a group of a block.
  [[nodiscard]] constexpr Index group_size() const { return pixels * group_channels(); }
};

/// What forward of a group normalisation reads and writes; tensors are dense.
template <class T>
struct GroupNormalizationForward {
  const Team& team;
  T* scratch = nullptr;
  const T* gamma = nullptr;  ///< a factor a channel
  const T* beta = nullptr;   ///< a shift a channel
  TensorView<const T> input{};
  TensorView<T> output{};
  T* saved = nullptr;  ///< where mean and inverse deviation of each group of each block go; null in inference
};

/// What backward of a group normalisation reads and writes.
template <class T>
struct GroupNormalizationBackward {
  const Team& team;
  T* scratch = nullptr;
  const T* gamma = nullptr;
  const T* saved = nullptr;
  TensorView<const T> input{};
  TensorView<const T> output_gradient{};
  T* gamma_gradient = nullptr;
  T* beta_gradient = nullptr;
  TensorView<T> input_gradient{};  ///< empty where nobody wants it
};

/// Scratch and saved memory are counted in values of T.
template <class T>
class GroupNormalization {
 public:
  static constexpr Index saved(const NormalizedBlocks& of, Index blocks) { return 2 * of.groups * blocks; }
  /// Of either direction.
  static constexpr Index scratch(const NormalizedBlocks& of, Index blocks, Index threads) {
    return (2 * Partition{blocks}.parts() + 4 * threads) * whole_lines<T>(of.channels);
  }

  /// output = gamma (input - mean) / sqrt(variance + epsilon) + beta, the variance biased.
  static void forward(const NormalizedBlocks& of, const GroupNormalizationForward<T>& pass) {
    const Index blocks = pass.input.pixels() / of.pixels;
    pass.team.for_parts(blocks, [&](Range range, Index thread) {
      const Vectors vectors(of, pass.scratch, thread);
      for (Index b = range.begin; b < range.end; ++b) {
        const T* const x = pass.input.data + b * of.pixels * of.channels;
        measure(of, x, vectors);
        if (pass.saved != nullptr) save(of, vectors, pass.saved + 2 * of.groups * b);
        for (Index c = 0; c < of.channels; ++c) {
          vectors.scale[c] = pass.gamma[c] * vectors.inverse_deviation[c];
          vectors.shift[c] = pass.beta[c] - vectors.mean[c] * vectors.scale[c];
        }
        T* const y = pass.output.data + b * of.pixels * of.channels;
        for_each_vector(of, [&]<Index Lanes>(Index c, Index at) {
          store<T, Lanes>(y + at, multiply_add<T, Lanes>(load<T, Lanes>(x + at), load<T, Lanes>(vectors.scale + c),
                                                         load<T, Lanes>(vectors.shift + c)));
        });
      }
    });
  }

  /// With x_hat the normalised input and g = gamma dy: dgamma = sum of dy x_hat, dbeta = sum of dy, and within a group
  /// dx = (g - mean(g) - x_hat mean(g x_hat)) / deviation, which is scale dy + factor x + shift.
  static void backward(const NormalizedBlocks& of, const GroupNormalizationBackward<T>& pass) {
    const Index blocks = pass.input.pixels() / of.pixels;
    const Partition partition{blocks};
    const Index size = whole_lines<T>(of.channels);
    T* const threads = pass.scratch + 2 * partition.parts() * size;
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      T* const sums = pass.scratch + 2 * part * size;
      std::fill_n(sums, 2 * size, T{0});
      const Vectors vectors(of, threads, thread);
      for (Index b = partition[part].begin; b < partition[part].end; ++b) backward_block(of, pass, b, vectors, sums);
    });
    const PartSums<T> parts{pass.scratch, partition.parts(), 2 * size};
    sum_parts(pass.team, parts, of.channels, pass.gamma_gradient);
    sum_parts(pass.team, parts.from(size), of.channels, pass.beta_gradient);
  }

 private:
  /// A thread's vectors of a value a channel.
  struct Vectors {
    T* mean;
    T* inverse_deviation;
    T* scale;
    T* shift;

    Vectors(const NormalizedBlocks& of, T* scratch, Index thread) {
      const Index size = whole_lines<T>(of.channels);
      mean = scratch + 4 * thread * size;
      inverse_deviation = mean + size;
      scale = inverse_deviation + size;
      shift = scale + size;
    }
  };

  /// Calls body.template operator()<Lanes>(channel, offset in the block) for all vectors of a block.
  template <class Body>
  static void for_each_vector(const NormalizedBlocks& of, const Body& body) {
    for (Index pixel = 0; pixel < of.pixels; ++pixel) {
      for_channel_vectors<T>(
          of.channels, [&]<Index Lanes>(Index c) { body.template operator()<Lanes>(c, pixel * of.channels + c); });
    }
  }

  /// sums[c] = sum over the block's pixels of value.template operator()<Lanes>(c, offset).
  template <class Value>
  static void sum_pixels(const NormalizedBlocks& of, const Value& value, T* sums) {
    detail::for_channel_blocks<T>(of.channels, [&]<Index Lanes, Index Count>(Index c) {
      VectorRow<T, Lanes, Count> row;
      detail::sum_pixels<T, Lanes, Count>(
          of.pixels,
          [&](Index v, Index pixel) {
            return value.template operator()<Lanes>(c + v * Lanes, pixel * of.channels + c + v * Lanes);
          },
          row);
      for (Index v = 0; v < Count; ++v) store<T, Lanes>(sums + c + v * Lanes, row[v]);
    });
  }

  /// Replaces the values of each group's channels by result(their sum).
  template <class Result>
  static void join(const NormalizedBlocks& of, T* values, const Result& result) {
    const Index width = of.group_channels();
    for (Index first = 0; first < of.channels; first += width) {
      T sum = 0;
      for (Index c = first; c < first + width; ++c) sum += values[c];
      std::fill_n(values + first, width, result(sum));
    }
  }

  /// Mean and inverse deviation of a block's groups, the same for all channels of a group.
  static void measure(const NormalizedBlocks& of, const T* x, const Vectors& vectors) {
    const auto size = static_cast<T>(of.group_size());
    sum_pixels(
        of, [&]<Index Lanes>(Index, Index at) { return load<T, Lanes>(x + at); }, vectors.mean);
    join(of, vectors.mean, [&](T sum) { return sum / size; });
    sum_pixels(
        of,
        [&]<Index Lanes>(Index c, Index at) {
          const Vector<T, Lanes> centered = load<T, Lanes>(x + at) - load<T, Lanes>(vectors.mean + c);
          return centered * centered;
        },
        vectors.inverse_deviation);
    join(of, vectors.inverse_deviation,
         [&](T sum) { return T{1} / std::sqrt(sum / size + static_cast<T>(of.epsilon)); });
  }

  static void save(const NormalizedBlocks& of, const Vectors& vectors, T* saved) {
    for (Index g = 0; g < of.groups; ++g) {
      saved[2 * g] = vectors.mean[g * of.group_channels()];
      saved[2 * g + 1] = vectors.inverse_deviation[g * of.group_channels()];
    }
  }
  static void restore(const NormalizedBlocks& of, const T* saved, const Vectors& vectors) {
    for (Index g = 0; g < of.groups; ++g) {
      std::fill_n(vectors.mean + g * of.group_channels(), of.group_channels(), saved[2 * g]);
      std::fill_n(vectors.inverse_deviation + g * of.group_channels(), of.group_channels(), saved[2 * g + 1]);
    }
  }

  /// @param sums  of dy x_hat and then of dy, to add to
  static void backward_block(const NormalizedBlocks& of, const GroupNormalizationBackward<T>& pass, Index b,
                             const Vectors& vectors, T* sums) {
    const T* const x = pass.input.data + b * of.pixels * of.channels;
    const T* const dy = pass.output_gradient.data + b * of.pixels * of.channels;
    restore(of, pass.saved + 2 * of.groups * b, vectors);
    // Until the gradient of the input is computed, scale and shift hold the sums of dy x_hat and dy.
    sum_pixels(
        of,
        [&]<Index Lanes>(Index c, Index at) {
          const Vector<T, Lanes> centered = load<T, Lanes>(x + at) - load<T, Lanes>(vectors.mean + c);
          return load<T, Lanes>(dy + at) * (centered * load<T, Lanes>(vectors.inverse_deviation + c));
        },
        vectors.scale);
    sum_pixels(
        of, [&]<Index Lanes>(Index, Index at) { return load<T, Lanes>(dy + at); }, vectors.shift);
    T* const beta_sums = sums + whole_lines<T>(of.channels);
    for (Index c = 0; c < of.channels; ++c) {
      sums[c] += vectors.scale[c];
      beta_sums[c] += vectors.shift[c];
      vectors.scale[c] *= pass.gamma[c];
      vectors.shift[c] *= pass.gamma[c];
    }
    if (pass.input_gradient.empty()) return;
    const auto size = static_cast<T>(of.group_size());
    join(of, vectors.scale, [&](T sum) { return sum / size; });
    join(of, vectors.shift, [&](T sum) { return sum / size; });
    T* const dx = pass.input_gradient.data + b * of.pixels * of.channels;
    for (Index c = 0; c < of.channels; ++c) {
      const T inverse_deviation = vectors.inverse_deviation[c];
      const T factor = -inverse_deviation * inverse_deviation * vectors.scale[c];
      vectors.shift[c] = -inverse_deviation * vectors.shift[c] - factor * vectors.mean[c];
      vectors.scale[c] = pass.gamma[c] * inverse_deviation;
      vectors.mean[c] = factor;
    }
    for_each_vector(of, [&]<Index Lanes>(Index c, Index at) {
      const auto rest = multiply_add<T, Lanes>(load<T, Lanes>(x + at), load<T, Lanes>(vectors.mean + c),
                                               load<T, Lanes>(vectors.shift + c));
      store<T, Lanes>(dx + at,
                      multiply_add<T, Lanes>(load<T, Lanes>(dy + at), load<T, Lanes>(vectors.scale + c), rest));
    });
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
