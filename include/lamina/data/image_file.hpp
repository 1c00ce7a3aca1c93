#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>
#include <lamina/data/arrays.hpp>
#include <lamina/data/binary_input.hpp>
#include <lamina/data/stb_image.hpp>

/// @file
/// PNG and JPEG files, decoded by stb_image. Link the CMake target Lamina::images; lamina.hpp does not include this.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What to do about an image of another height or width than is wanted: refuse it, or resample it.
enum class OtherSize { refuse, resize };

namespace detail {

struct FreeImage {
  void operator()(stbi_uc* pixels) const { stbi_image_free(pixels); }
};

/// Resamples an image, channels last.
/// @return as many bytes as `to` has, or none when it cannot be done, as where memory does not suffice
[[nodiscard]] inline std::vector<std::uint8_t> resized(std::span<const std::uint8_t> image, Shape from, Shape to) {
  std::vector<std::uint8_t> result(static_cast<std::size_t>(to.size()));
  const auto number = [](Index size) { return static_cast<int>(size); };
#ifdef STBIR_INCLUDE_STB_IMAGE_RESIZE2_H
  const bool done = stbir_resize_uint8_linear(image.data(), number(from.width), number(from.height), 0, result.data(),
                                              number(to.width), number(to.height), 0,
                                              static_cast<stbir_pixel_layout>(from.channels)) != nullptr;
#else
  const bool done = stbir_resize_uint8(image.data(), number(from.width), number(from.height), 0, result.data(),
                                       number(to.width), number(to.height), 0, number(from.channels)) != 0;
#endif
  if (!done) result.clear();
  return result;
}

}  // namespace detail

/// The image in a PNG or JPEG file, as a Dataset holds it: planar bytes.
/// @param shape  with 1 channel colours become grey, with 3 grey becomes a colour
/// @throws FileError for a file that is missing or no such image, and for one of another size unless it is resized
[[nodiscard]] inline std::vector<std::uint8_t> read_image(const std::filesystem::path& file, Shape shape,
                                                          OtherSize other_size = OtherSize::refuse) {
  require(shape.height > 0 && shape.width > 0 && (shape.channels == 1 || shape.channels == 3),
          "an image file is read with 1 or 3 channels, got the shape " + to_string(shape));
  detail::require_file(file);
  int width = 0;
  int height = 0;
  int channels = 0;
  const std::unique_ptr<stbi_uc, detail::FreeImage> pixels(
      stbi_load(file.c_str(), &width, &height, &channels, static_cast<int>(shape.channels)));
  if (!pixels) throw FileError(file.string(), "is no image that can be read: " + std::string(stbi_failure_reason()));
  const Shape found{height, width, shape.channels};
  const std::span<const std::uint8_t> image(pixels.get(), static_cast<std::size_t>(found.size()));
  if (found == shape) return to_planar(image, shape);
  if (other_size == OtherSize::refuse) {
    const auto size = [](const Shape& of) { return std::to_string(of.height) + "x" + std::to_string(of.width); };
    throw FileError(file.string(), "expected an image of " + size(shape) + " pixels (height x width), found " +
                                       size(found) + "; OtherSize::resize makes it fit");
  }
  const std::vector<std::uint8_t> fitted = detail::resized(image, found, shape);
  if (fitted.empty()) {
    throw FileError(file.string(), "cannot be resized from " + to_string(found) + " to " + to_string(shape));
  }
  return to_planar(std::span<const std::uint8_t>(fitted), shape);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
