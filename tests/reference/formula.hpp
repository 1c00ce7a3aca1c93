#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <lamina/core/tensor.hpp>
#include <lamina/layers/segment.hpp>

/// @file
/// The inputs that both sides of a comparison with PyTorch make for themselves; formula.py is the same in Python. See
/// README.md.

namespace lamina::test {

/// What a sequence of numbers is for. Parameter tensor i of a network, in order, has sequence i.
enum Sequence : std::uint32_t {
  images = 1000,
  more_images = 1001,
  output_gradient = 1002,
  labels = 1003,
  projections = 2000,  ///< and the next three
  samples = 3000,
};

/// 32 random bits: the finalizer of MurmurHash3 of a position in a sequence.
[[nodiscard]] constexpr std::uint32_t formula_bits(std::uint32_t sequence, Index i) {
  std::uint32_t word = static_cast<std::uint32_t>(i) + sequence * 0x9E3779B9U;
  word = (word ^ (word >> 16)) * 0x85EBCA6BU;
  word = (word ^ (word >> 13)) * 0xC2B2AE35U;
  return word ^ (word >> 16);
}

/// In [-1, 1), a multiple of 2^-23: exact in float and in double.
[[nodiscard]] constexpr double uniform(std::uint32_t sequence, Index i) {
  return static_cast<double>(formula_bits(sequence, i) >> 8) * 0x1p-23 - 1;
}

/// As uniform, rounded down to a multiple of 1/4: equal values and zeros are frequent.
[[nodiscard]] inline double coarse(std::uint32_t sequence, Index i) { return std::floor(uniform(sequence, i) * 4) / 4; }

template <class T>
[[nodiscard]] Tensor<T> make_tensor(Index batch, Shape shape, std::uint32_t sequence,
                                    double (*value)(std::uint32_t, Index) = uniform) {
  Tensor<T> tensor(batch, shape);
  for (Index i = 0; i < tensor.size(); ++i) tensor[i] = static_cast<T>(value(sequence, i));
  return tensor;
}

[[nodiscard]] inline std::vector<Label> make_labels(Index batch, std::uint32_t classes) {
  std::vector<Label> made(static_cast<std::size_t>(batch));
  for (Index n = 0; n < batch; ++n) {
    made[static_cast<std::size_t>(n)] = static_cast<Label>(formula_bits(Sequence::labels, n) % classes);
  }
  return made;
}

/// Convolution and linear layers uniform in +-1/sqrt(fan_in), a normalisation's gamma 1 + u/4 and beta u/4; rounded to
/// float, so that all types start from the same values.
template <class T>
void fill_parameters(std::span<const Segment> segments, std::span<T> parameters) {
  std::uint32_t sequence = 0;
  for (const Segment& segment : segments) {
    for (Index i = 0; i < segment.size(); ++i) {
      const double u = uniform(sequence, i);
      const double value = segment.initialization == Initialization::fan_in_uniform
                               ? u / std::sqrt(static_cast<double>(segment.fan_in))
                               : (segment.initialization == Initialization::one ? 1 : 0) + u / 4;
      parameters[static_cast<std::size_t>(segment.offset + i)] = static_cast<T>(static_cast<float>(value));
    }
    ++sequence;
  }
}

}  // namespace lamina::test
