#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>
#include <lamina/core/tensor.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The two label sets of CIFAR-100: 100 classes, or their 20 superclasses.
enum class Cifar100Labels { fine, coarse };

/// One label byte of a record: what it is called and how many classes it tells apart.
struct CifarLabelByte {
  std::string_view name;
  Index classes = 0;
};

/// What a record of a CIFAR binary file is made of: one or two label bytes, then the 3072 bytes of a 32x32 image in
/// planar order (1024 red, 1024 green, 1024 blue, row by row). Krizhevsky, "Learning multiple layers of features from
/// tiny images", 2009.
struct CifarFormat {
  static constexpr Shape kShape{32, 32, 3};

  std::array<CifarLabelByte, 2> label_bytes;
  Index labels = 1;  ///< how many of label_bytes a record has
  Index used = 0;    ///< which of them becomes the label of the image

  [[nodiscard]] constexpr Index record_bytes() const { return labels + kShape.size(); }
  [[nodiscard]] constexpr Index classes() const { return label_bytes[static_cast<std::size_t>(used)].classes; }
};

[[nodiscard]] constexpr CifarFormat cifar10_format() { return {{{{"label", 10}, {}}}, 1, 0}; }

[[nodiscard]] constexpr CifarFormat cifar100_format(Cifar100Labels labels = Cifar100Labels::fine) {
  return {{{{"coarse label", 20}, {"fine label", 100}}}, 2, labels == Cifar100Labels::fine ? 1 : 0};
}

/// Checks every label byte of a record, also those that are not used: a file read with the wrong format shows here.
/// @param record  format.record_bytes() bytes
/// @param number  position of the record in its file, from 0
/// @return the label in use
/// @throws FileError with record, offset, largest label and what was found
[[nodiscard]] inline Label cifar_label(const CifarFormat& format, std::span<const std::uint8_t> record, Index number,
                                       const std::string& file) {
  for (Index i = 0; i < format.labels; ++i) {
    const CifarLabelByte expected = format.label_bytes[static_cast<std::size_t>(i)];
    const Index found = record[static_cast<std::size_t>(i)];
    if (found < expected.classes) continue;
    throw FileError(file, "record " + std::to_string(number) + " at offset " +
                              std::to_string(number * format.record_bytes() + i) + ": expected a " +
                              std::string(expected.name) + " from 0 to " + std::to_string(expected.classes - 1) +
                              ", found " + std::to_string(found));
  }
  return record[static_cast<std::size_t>(format.used)];
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
