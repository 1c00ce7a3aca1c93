#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <istream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/data/binary_input.hpp>
#include <lamina/data/cifar_format.hpp>
#include <lamina/data/class_names.hpp>
#include <lamina/data/dataset.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Appends every record up to the end of the stream.
/// @param file  what error messages call the stream
/// @throws FileError for a stream that is empty, ends in the middle of a record or holds a label out of range
inline void read_cifar(std::istream& in, const CifarFormat& format, const std::string& file, Dataset& images) {
  constexpr Index kRecordsPerRead = 512;  // about 1.5 MB: few calls, and the copy into the set stays in the cache
  const Index record_bytes = format.record_bytes();
  std::vector<std::uint8_t> block(static_cast<std::size_t>(kRecordsPerRead * record_bytes));
  Index records = 0;
  while (in) {
    in.read(reinterpret_cast<char*>(block.data()), std::ssize(block));
    if (in.bad()) throw FileError(file, "cannot be read");
    const Index found = in.gcount();
    for (Index begin = 0; begin < found; begin += record_bytes, ++records) {
      if (found - begin < record_bytes) {
        throw FileError(file, "record " + std::to_string(records) + " at offset " +
                                  std::to_string(records * record_bytes) + " is cut off: expected " +
                                  std::to_string(record_bytes) + " bytes, found " + std::to_string(found - begin));
      }
      const auto record = std::span<const std::uint8_t>(block).subspan(static_cast<std::size_t>(begin),
                                                                       static_cast<std::size_t>(record_bytes));
      const Label label = cifar_label(format, record, records, file);
      images.append(record.subspan(static_cast<std::size_t>(format.labels)), label);
    }
  }
  if (records == 0) throw FileError(file, "is empty: expected records of " + std::to_string(record_bytes) + " bytes");
}

/// Reads the records of several files, in order, into one set.
/// @param name  what error messages call the set
/// @throws FileError for a file that is missing, and as above
[[nodiscard]] inline Dataset read_cifar(std::span<const std::filesystem::path> files, const CifarFormat& format,
                                        const std::string& name) {
  Dataset images(name, CifarFormat::kShape, format.classes());
  Index bytes = 0;
  for (const auto& file : files) {
    detail::require_file(file);
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (!error) bytes += static_cast<Index>(size);
  }
  images.reserve(bytes / format.record_bytes());
  for (const auto& file : files) {
    std::ifstream in = detail::open_binary(file);
    read_cifar(in, format, file.string(), images);
  }
  return images;
}

/// Reads one file; the set is named after it.
[[nodiscard]] inline Dataset read_cifar(const std::filesystem::path& file, const CifarFormat& format) {
  return read_cifar({&file, 1}, format, file.string());
}

namespace detail {

/// What the files of a data set are called in its two versions.
struct CifarNames {
  std::string_view set;
  std::string_view binary_archive;
  std::string_view binary_folder;
  std::string_view binary_file;
  std::string_view python_folder;
  std::array<std::string_view, 2> python_files;
};
inline constexpr CifarNames kCifar10Names{.set = "CIFAR-10",
                                          .binary_archive = "cifar-10-binary.tar.gz",
                                          .binary_folder = "cifar-10-batches-bin",
                                          .binary_file = "data_batch_1.bin",
                                          .python_folder = "cifar-10-batches-py",
                                          .python_files = {"data_batch_1", "batches.meta"}};
inline constexpr CifarNames kCifar100Names{.set = "CIFAR-100",
                                           .binary_archive = "cifar-100-binary.tar.gz",
                                           .binary_folder = "cifar-100-binary",
                                           .binary_file = "train.bin",
                                           .python_folder = "cifar-100-python",
                                           .python_files = {"train", "meta"}};

[[nodiscard]] inline bool is_file(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

/// Refuses a folder that is missing, and one that holds the Python version of the set, or the folder that is meant.
/// @throws FileError that says what was found
inline void require_binary_version(const std::filesystem::path& folder, const CifarNames& names) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) throw FileError(folder.string(), "no such folder");
  if (std::filesystem::exists(folder / names.binary_file, error)) return;
  const auto refuse = [&](const std::string& hint) {
    throw FileError((folder / names.binary_file).string(), "no such file; " + hint);
  };
  if (is_file(folder / names.binary_folder / names.binary_file)) {
    refuse("there is one in " + (folder / names.binary_folder).string());
  }
  for (const std::filesystem::path& place : {folder, folder / names.python_folder}) {
    if (!is_file(place / names.python_files[0]) || !is_file(place / names.python_files[1])) continue;
    refuse(place.string() + " holds the Python version of " + std::string(names.set) +
           ", and the binary version is needed: https://www.cs.toronto.edu/~kriz/" + std::string(names.binary_archive));
  }
}

}  // namespace detail

/// Reads train.bin and test.bin of a folder in the CIFAR-100 format, and the names of the classes where
/// fine_label_names.txt (or coarse_label_names.txt) is beside them.
/// @throws FileError for a folder or file that is missing, cut off, empty or not CIFAR-100
[[nodiscard]] inline TrainTestSets read_cifar100(const std::filesystem::path& folder,
                                                 Cifar100Labels labels = Cifar100Labels::fine) {
  detail::require_binary_version(folder, detail::kCifar100Names);
  const CifarFormat format = cifar100_format(labels);
  TrainTestSets sets{read_cifar(folder / "train.bin", format), read_cifar(folder / "test.bin", format)};
  name_classes(sets, folder / (labels == Cifar100Labels::fine ? "fine_label_names.txt" : "coarse_label_names.txt"));
  return sets;
}

/// Reads data_batch_1.bin ... data_batch_5.bin and test_batch.bin of a folder in the CIFAR-10 format, and the names of
/// the classes where batches.meta.txt is beside them.
/// @throws FileError as read_cifar100
[[nodiscard]] inline TrainTestSets read_cifar10(const std::filesystem::path& folder) {
  detail::require_binary_version(folder, detail::kCifar10Names);
  std::array<std::filesystem::path, 5> train;
  for (std::size_t i = 0; i < train.size(); ++i) train[i] = folder / ("data_batch_" + std::to_string(i + 1) + ".bin");
  TrainTestSets sets{read_cifar(train, cifar10_format(), folder.string()),
                     read_cifar(folder / "test_batch.bin", cifar10_format())};
  name_classes(sets, folder / "batches.meta.txt");
  return sets;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
