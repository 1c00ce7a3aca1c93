#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/hash.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/data/dataset.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Mean and standard deviation of each channel, in units in which a byte of 255 is 1; of pixels that are floats, in
/// theirs.
struct Normalization {
  std::vector<double> mean;
  std::vector<double> deviation;

  friend bool operator==(const Normalization&, const Normalization&) = default;
};

/// Refuses a normalization that images of so many channels cannot have.
/// @throws ArgumentError unless there are a mean and a positive deviation for each channel, all finite
inline void check_normalization(const Normalization& normalization, Index channels) {
  const auto& [means, deviations] = normalization;
  require(std::ssize(means) == channels && std::ssize(deviations) == channels,
          "expected a mean and a standard deviation for " + std::to_string(channels) + " channels, found " +
              std::to_string(means.size()) + " and " + std::to_string(deviations.size()));
  for (const double mean : means) {
    require(is_finite(mean), "the mean of a channel must be finite, got " + std::to_string(mean));
  }
  for (const double deviation : deviations) {
    require(deviation > 0 && is_finite(deviation),
            "the standard deviation of a channel must be positive, got " + std::to_string(deviation));
  }
}

/// Tells normalizations apart, to the bit.
[[nodiscard]] inline std::uint64_t hash_of(const Normalization& normalization) {
  Hash hash;
  for (const std::vector<double>& values : {normalization.mean, normalization.deviation}) {
    for (const double value : values) hash.add(std::bit_cast<std::uint64_t>(value));
  }
  return hash.value();
}

namespace detail {

[[noreturn]] inline void refuse_constant_channel(const Dataset& images, std::size_t channel) {
  throw ArgumentError(images.name() + ": channel " + std::to_string(channel) + " has the same value in every pixel");
}

/// Of pixels that are floats: the mean first, then the mean square of the differences from it, both in double.
[[nodiscard]] inline Normalization measure_floats(const Dataset& images, std::span<const Index> samples) {
  const auto plane = static_cast<std::size_t>(images.shape().pixels());
  const double count = static_cast<double>(samples.size()) * static_cast<double>(plane);
  Normalization result;
  for (std::size_t c = 0; c < static_cast<std::size_t>(images.shape().channels); ++c) {
    const auto mean_of = [&](const auto& value_of) {
      double sum = 0;
      for (const Index n : samples) {
        for (const float pixel : images.float_image(n).subspan(c * plane, plane))
          sum += value_of(static_cast<double>(pixel));
      }
      return sum / count;
    };
    const double mean = mean_of([](double pixel) { return pixel; });
    const double variance = mean_of([&](double pixel) { return (pixel - mean) * (pixel - mean); });
    // The mean is rounded to 2^-53 of itself, so a channel of one value has a variance of no more than that squared.
    if (std::sqrt(variance) <= 1e-12 * std::abs(mean)) refuse_constant_channel(images, c);
    result.mean.push_back(mean);
    result.deviation.push_back(std::sqrt(variance));
  }
  return result;
}

}  // namespace detail

/// Mean and (population) standard deviation over all pixels of the given images. The sums of bytes are exact integers;
/// those of floats are in double, in the order of the samples.
/// @throws ArgumentError without images, for positions out of range, and for a channel that has one value throughout
[[nodiscard]] inline Normalization measure_normalization(const Dataset& images, std::span<const Index> samples) {
  require(!samples.empty(), images.name() + ": no images to measure mean and standard deviation on");
  require_images(images, samples);
  if (images.pixel_type() == PixelType::floats) return detail::measure_floats(images, samples);
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
    if (variance <= 1e-9) detail::refuse_constant_channel(images, c);
    result.mean.push_back(mean / 255);
    result.deviation.push_back(std::sqrt(variance) / 255);
  }
  return result;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
