#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/hash.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/data/dataset.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Mean and standard deviation of each channel, in units in which a byte of 255 is 1.
struct Normalization {
  std::vector<double> mean;
  std::vector<double> deviation;

  friend bool operator==(const Normalization&, const Normalization&) = default;
};

/// Tells normalizations apart, to the bit.
[[nodiscard]] inline std::uint64_t hash_of(const Normalization& normalization) {
  Hash hash;
  for (const std::vector<double>& values : {normalization.mean, normalization.deviation}) {
    for (const double value : values) hash.add(std::bit_cast<std::uint64_t>(value));
  }
  return hash.value();
}

/// Mean and (population) standard deviation over all pixels of the given images. The sums are exact integers.
/// @throws ArgumentError without images, for positions out of range, and for a channel that has one value throughout
[[nodiscard]] inline Normalization measure_normalization(const Dataset& images, std::span<const Index> samples) {
  require(!samples.empty(), images.name() + ": no images to measure mean and standard deviation on");
  require_images(images, samples);
  const auto channels = static_cast<std::size_t>(images.shape().channels);
  const auto plane = static_cast<std::size_t>(images.shape().pixels());
  std::vector<std::uint64_t> sums(channels), squares(channels);
  for (const Index n : samples) {
    for (std::size_t c = 0; c < channels; ++c) {
      std::uint64_t sum = 0, square = 0;
      for (const std::uint32_t value : images.image(n).subspan(c * plane, plane)) {
        sum += value;
        square += value * value;
      }
      sums[c] += sum;
      squares[c] += square;
    }
  }

  Normalization result;
  const double count = static_cast<double>(samples.size()) * static_cast<double>(plane);
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = static_cast<double>(sums[c]) / count;
    const double variance = static_cast<double>(squares[c]) / count - mean * mean;
    if (variance <= 1e-9) {
      throw ArgumentError(images.name() + ": channel " + std::to_string(c) + " has the same value in every pixel");
    }
    result.mean.push_back(mean / 255);
    result.deviation.push_back(std::sqrt(variance) / 255);
  }
  return result;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
