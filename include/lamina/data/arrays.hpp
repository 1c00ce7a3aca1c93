#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/data/dataset.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// In which order an array has the values of an image: channel by channel (row, column, channel; most image libraries),
/// or plane by plane (channel, row, column; PyTorch).
enum class ImageLayout { nhwc, nchw };

/// What an array of images is made of.
struct ImageArray {
  Shape shape;  ///< of one image
  Index classes = 1;
  ImageLayout layout = ImageLayout::nhwc;
  std::string name = "array";  ///< what error messages call it
};

/// The values of one image in planar order, as a Dataset holds them.
/// @throws ArgumentError for another number of values than the shape's
template <class Pixel>
[[nodiscard]] std::vector<Pixel> to_planar(std::span<const Pixel> image, Shape shape,
                                           ImageLayout layout = ImageLayout::nhwc) {
  require(std::ssize(image) == shape.size(), "an image of " + to_string(shape) + " has " +
                                                 std::to_string(shape.size()) + " values, got " +
                                                 std::to_string(image.size()));
  if (layout == ImageLayout::nchw) return {image.begin(), image.end()};
  std::vector<Pixel> planar;
  planar.reserve(image.size());
  for (Index c = 0; c < shape.channels; ++c) {
    for (Index i = c; i < shape.size(); i += shape.channels) planar.push_back(image[static_cast<std::size_t>(i)]);
  }
  return planar;
}

namespace detail {

template <class Pixel>
[[nodiscard]] Dataset dataset_of(std::span<const Pixel> images, std::span<const Label> labels, const ImageArray& format,
                                 PixelType type) {
  Dataset set(format.name, format.shape, format.classes, type);
  const auto size = static_cast<std::size_t>(format.shape.size());
  require(images.size() == labels.size() * size,
          format.name + ": expected " + std::to_string(labels.size()) + " images of " + to_string(format.shape) +
              ", one a label, which are " + std::to_string(labels.size() * size) + " values, found " +
              std::to_string(images.size()));
  set.reserve(std::ssize(labels));
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const std::vector<Pixel> planar = to_planar(images.subspan(n * size, size), format.shape, format.layout);
    set.append(std::span<const Pixel>(planar), labels[n]);
  }
  return set;
}

}  // namespace detail

/// A set of images that lie in memory, one after the other; copied.
/// @param images  bytes 0 ... 255
/// @throws ArgumentError unless there are as many images as labels, each from 0 to classes - 1
[[nodiscard]] inline Dataset make_dataset(std::span<const std::uint8_t> images, std::span<const Label> labels,
                                          const ImageArray& format) {
  return detail::dataset_of(images, labels, format, PixelType::bytes);
}

/// As above.
/// @param images  numbers in any unit; measure_normalization() finds their mean and deviation
/// @throws ArgumentError as above, and for a number that is not finite
[[nodiscard]] inline Dataset make_dataset(std::span<const float> images, std::span<const Label> labels,
                                          const ImageArray& format) {
  return detail::dataset_of(images, labels, format, PixelType::floats);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
