#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/random.hpp>
#include <lamina/core/shape.hpp>
#include <lamina/data/normalization.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Zero pixels added on every side before the random crop (He et al., "Deep residual learning", CVPR 2016).
inline constexpr Index kAugmentationPadding = 4;

/// Where the crop begins relative to the image (negative: in the padding), and whether it is mirrored left to right.
struct Augmentation {
  Index row = 0;
  Index column = 0;
  bool flip = false;

  friend constexpr bool operator==(const Augmentation&, const Augmentation&) = default;
};

/// The augmentation of one sample in one epoch: each offset uniform in -4 ... 4, mirrored with probability 1/2. It
/// depends on nothing but the arguments.
[[nodiscard]] constexpr Augmentation draw_augmentation(std::uint64_t seed, Index epoch, Index sample) {
  RandomStream random(seed, RandomPurpose::augmentation, static_cast<std::uint32_t>(epoch),
                      static_cast<std::uint32_t>(sample));
  constexpr std::uint32_t kPositions = 2 * kAugmentationPadding + 1;
  const Index row = random.below(kPositions) - kAugmentationPadding;
  const Index column = random.below(kPositions) - kAugmentationPadding;
  return {row, column, random.below(2) == 1};
}

/// Turns planar pixels into normalised values in NHWC order: (byte / 255 - mean) / deviation for each channel, and
/// (value - mean) / deviation where the pixels are floats.
/// @tparam T  float or double
template <class T>
class ImageNormalizer {
 public:
  /// @throws ArgumentError unless there are a mean and a positive deviation for each channel
  ImageNormalizer(Shape shape, const Normalization& normalization)
      : shape_(shape), normalization_(normalization), values_(static_cast<std::size_t>(shape.channels)) {
    check_normalization(normalization, shape.channels);
    for (std::size_t c = 0; c < values_.size(); ++c) {
      const double mean = normalization.mean[c];
      const double deviation = normalization.deviation[c];
      for (std::size_t byte = 0; byte < kBytes; ++byte) {
        values_[c][byte] = static_cast<T>((static_cast<double>(byte) / 255 - mean) / deviation);
      }
    }
  }

  /// Writes the image, cropped and mirrored; pixels outside of it are black, that is byte or number 0.
  /// @param image        shape.size() bytes, planar
  /// @param destination  shape.size() values, row, column, channel
  /// @throws ArgumentError  an image of another size
  void operator()(std::span<const std::uint8_t> image, const Augmentation& augmentation, T* destination) const {
    check(std::ssize(image), "bytes");
    for (Index c = 0; c < shape_.channels; ++c) {
      const auto& values = values_[static_cast<std::size_t>(c)];
      convert_plane(image.data(), c, augmentation, destination, [&](std::uint8_t byte) { return values[byte]; });
    }
  }
  /// As above.
  /// @param image  shape.size() numbers, planar
  void operator()(std::span<const float> image, const Augmentation& augmentation, T* destination) const {
    check(std::ssize(image), "values");
    for (Index c = 0; c < shape_.channels; ++c) {
      const double mean = normalization_.mean[static_cast<std::size_t>(c)];
      const double deviation = normalization_.deviation[static_cast<std::size_t>(c)];
      convert_plane(image.data(), c, augmentation, destination,
                    [&](float value) { return static_cast<T>((static_cast<double>(value) - mean) / deviation); });
    }
  }

  /// Writes the whole image as it is.
  void operator()(std::span<const std::uint8_t> image, T* destination) const {
    operator()(image, Augmentation{}, destination);
  }
  void operator()(std::span<const float> image, T* destination) const {
    operator()(image, Augmentation{}, destination);
  }

 private:
  static constexpr std::size_t kBytes = 256;
  using Table = std::array<T, kBytes>;  // one load for a byte's value, and no rounding that depends on the compiler

  void check(Index pixels, const char* unit) const {
    if (pixels == shape_.size()) return;
    throw ArgumentError("an image of " + to_string(shape_) + " has " + std::to_string(shape_.size()) + " " + unit +
                        ", got " + std::to_string(pixels));
  }

  /// One channel of an image.
  /// @param value_of  the normalised value of a pixel
  template <class Pixel, class ValueOf>
  void convert_plane(const Pixel* image, Index channel, const Augmentation& augmentation, T* destination,
                     const ValueOf& value_of) const {
    const Pixel* plane = image + channel * shape_.pixels();
    for (Index y = 0; y < shape_.height; ++y) {
      const Index source = y + augmentation.row;
      T* row = destination + y * shape_.width * shape_.channels + channel;
      if (source < 0 || source >= shape_.height) {
        blacken(row, 0, shape_.width, value_of(Pixel{0}));
      } else {
        convert_row(plane + source * shape_.width, augmentation, value_of, row);
      }
    }
  }

  void blacken(T* row, Index begin, Index end, T black) const {
    for (Index x = begin; x < end; ++x) row[x * shape_.channels] = black;
  }

  /// One channel of one output row; `pixels` is the row of the source plane it comes from.
  template <class Pixel, class ValueOf>
  void convert_row(const Pixel* pixels, const Augmentation& augmentation, const ValueOf& value_of, T* row) const {
    const Index width = shape_.width;
    const Index step = augmentation.flip ? -1 : 1;
    const Index first = augmentation.column + (augmentation.flip ? width - 1 : 0);  // source column of column 0
    const Index offset = augmentation.flip ? -augmentation.column : augmentation.column;
    const Index begin = std::clamp<Index>(-offset, 0, width);
    const Index end = std::clamp<Index>(width - offset, 0, width);
    blacken(row, 0, begin, value_of(Pixel{0}));
    for (Index x = begin; x < end; ++x) row[x * shape_.channels] = value_of(pixels[first + step * x]);
    blacken(row, end, width, value_of(Pixel{0}));
  }

  Shape shape_;
  Normalization normalization_;
  std::vector<Table> values_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
