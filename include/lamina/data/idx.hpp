#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <istream>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/data/binary_input.hpp>
#include <lamina/data/dataset.hpp>

/// @file
/// Files in the IDX format, in which MNIST (LeCun, Bottou, Bengio and Haffner 1998) and Fashion-MNIST (Xiao, Rasul and
/// Vollgraf 2017) come: a magic number, the sizes of the dimensions in four bytes each, the largest byte first, and the
/// values.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

/// The content of an IDX file of bytes.
struct IdxArray {
  std::vector<Index> sizes;  ///< of the dimensions, the slowest first
  std::vector<std::uint8_t> values;
};

/// The next number of four bytes.
/// @throws FileError where the file ends before
[[nodiscard]] inline std::uint32_t read_idx_number(std::istream& in, const std::filesystem::path& file) {
  std::array<char, 4> bytes{};
  in.read(bytes.data(), bytes.size());
  if (in.gcount() != std::ssize(bytes)) throw FileError(file.string(), "is cut off in its header");
  std::uint32_t number = 0;
  for (const char byte : bytes) number = number << 8U | static_cast<std::uint8_t>(byte);
  return number;
}

/// "0x00000803"
[[nodiscard]] inline std::string idx_magic(std::uint32_t number) {
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[number >> static_cast<unsigned>(shift) & 15U];
  return text;
}

/// Reads a file of bytes with so many dimensions.
/// @param what  that it should hold, for errors
/// @throws FileError for a file that is missing, packed, of another kind, or of another length than its header says
[[nodiscard]] inline IdxArray read_idx_bytes(const std::filesystem::path& file, unsigned dimensions,
                                             const std::string& what) {
  constexpr std::uint32_t kBytes = 0x0800;
  constexpr std::uint32_t kGzip = 0x1f8b;
  std::ifstream in = open_binary(file);
  const std::uint32_t magic = read_idx_number(in, file);
  if (magic >> 16U == kGzip) throw FileError(file.string(), "is packed by gzip: unpack it first, with gunzip");
  if (magic != (kBytes | dimensions)) {
    throw FileError(file.string(), "expected the magic number " + idx_magic(kBytes | dimensions) + " of " + what +
                                       " in the IDX format, found " + idx_magic(magic));
  }
  IdxArray array;
  std::uint64_t expected = 1;
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40U;  // beyond any memory, and no overflow with one size more
  for (unsigned i = 0; i < dimensions; ++i) {
    const std::uint32_t size = read_idx_number(in, file);
    array.sizes.push_back(size);
    if (size == 0) throw FileError(file.string(), "is empty: dimension " + std::to_string(i) + " has the size 0");
    expected *= size;
    if (expected > kMost)
      throw FileError(file.string(), "its header asks for more than " + std::to_string(kMost) + " bytes");
  }
  std::error_code error;
  const std::uint64_t header = 4 * (dimensions + 1);
  const std::uint64_t found = std::filesystem::file_size(file, error) - header;
  if (error || found != expected) {
    throw FileError(file.string(), "expected " + std::to_string(expected) + " bytes of " + what +
                                       " behind the header, found " +
                                       (error ? error.message() : std::to_string(found)));
  }
  array.values.resize(expected);
  in.read(reinterpret_cast<char*>(array.values.data()), std::ssize(array.values));
  if (in.gcount() != std::ssize(array.values)) throw FileError(file.string(), "cannot be read");
  return array;
}

/// A file of MNIST, by either of the names that it has after unpacking: "train-images-idx3-ubyte", and with a point.
/// @throws FileError when there is neither
[[nodiscard]] inline std::filesystem::path mnist_file(const std::filesystem::path& folder, const std::string& name,
                                                      const std::string& suffix) {
  std::error_code error;
  const std::filesystem::path file = folder / (name + "-" + suffix);
  const std::filesystem::path with_point = folder / (name + "." + suffix);
  if (std::filesystem::exists(file, error)) return file;
  if (std::filesystem::exists(with_point, error)) return with_point;
  for (const std::filesystem::path& unpacked : {file, with_point}) {
    const std::filesystem::path packed = unpacked.string() + ".gz";
    if (!std::filesystem::exists(packed, error)) continue;
    throw FileError(unpacked.string(), "no such file; there is " + packed.string() + ": unpack it first, with gunzip");
  }
  throw FileError(file.string(), "no such file");
}

}  // namespace detail

/// Reads grey images and their labels from two IDX files; the set is named after the file of images.
/// @throws FileError for a file that is missing, packed, cut off or of another kind, for other numbers of images and
///         labels, and for a label out of range
[[nodiscard]] inline Dataset read_idx(const std::filesystem::path& image_file, const std::filesystem::path& label_file,
                                      Index classes = 10) {
  const detail::IdxArray images = detail::read_idx_bytes(image_file, 3, "images");
  const detail::IdxArray labels = detail::read_idx_bytes(label_file, 1, "labels");
  if (images.sizes[0] != labels.sizes[0]) {
    throw FileError(label_file.string(), "expected a label for each of the " + std::to_string(images.sizes[0]) +
                                             " images of " + image_file.string() + ", found " +
                                             std::to_string(labels.sizes[0]));
  }
  Dataset set(image_file.string(), {images.sizes[1], images.sizes[2], 1}, classes);
  set.reserve(images.sizes[0]);
  const auto size = static_cast<std::size_t>(set.shape().size());
  for (std::size_t n = 0; n < labels.values.size(); ++n) {
    const Label label = labels.values[n];
    if (label >= classes) {
      throw FileError(label_file.string(), "label " + std::to_string(n) + ": expected 0 to " +
                                               std::to_string(classes - 1) + ", found " + std::to_string(label));
    }
    set.append(std::span<const std::uint8_t>(images.values).subspan(n * size, size), label);
  }
  return set;
}

/// Reads the four files of MNIST, Fashion-MNIST or another set of the same names (train-images-idx3-ubyte ...).
/// @throws FileError as read_idx, and for training and test images of different sizes
[[nodiscard]] inline TrainTestSets read_mnist(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) throw FileError(folder.string(), "no such folder");
  const auto read = [&](const std::string& part) {
    const std::filesystem::path images = detail::mnist_file(folder, part + "-images", "idx3-ubyte");
    return read_idx(images, detail::mnist_file(folder, part + "-labels", "idx1-ubyte"));
  };
  TrainTestSets sets{read("train"), read("t10k")};
  if (sets.test.shape() != sets.train.shape()) {
    throw FileError(sets.test.name(), "expected images of " + to_string(sets.train.shape()) + " as in " +
                                          sets.train.name() + ", found " + to_string(sets.test.shape()));
  }
  return sets;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
