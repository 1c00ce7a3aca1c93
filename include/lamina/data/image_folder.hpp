#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/data/dataset.hpp>
#include <lamina/data/image_file.hpp>

/// @file
/// Folders of PNG and JPEG files, one folder a class. Link the CMake target Lamina::images; lamina.hpp does not include
/// this.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

/// What lies in a folder and keep() keeps, by name.
/// @throws FileError when the folder is missing or cannot be read
template <class Keep>
[[nodiscard]] std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& folder, const Keep& keep) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw FileError(folder.string(),
                    std::filesystem::exists(folder, error) ? "expected a folder, found a file" : "no such folder");
  }
  std::vector<std::filesystem::path> entries;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (keep(entry->path())) entries.push_back(entry->path());
  }
  if (error) throw FileError(folder.string(), "the folder cannot be read: " + error.message());
  std::ranges::sort(entries);
  return entries;
}

[[nodiscard]] inline bool is_image_file(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  constexpr std::array<std::string_view, 3> kExtensions{".png", ".jpg", ".jpeg"};
  return std::ranges::find(kExtensions, extension) != kExtensions.end();
}

[[nodiscard]] inline bool is_class_folder(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error) && !path.filename().string().starts_with('.');
}

}  // namespace detail

/// Reads a folder that has a folder of images for each class. Classes are numbered in the order of their names, and
/// images come class by class in the order of theirs, so that the set is the same on every machine. Files with another
/// extension than .png, .jpg or .jpeg are passed over, as are folders whose name begins with a point.
/// @param shape  as in read_image()
/// @throws FileError for a folder that is missing, unreadable or has no classes, for a class without images, and as
///         read_image()
[[nodiscard]] inline Dataset read_image_folder(const std::filesystem::path& folder, Shape shape,
                                               OtherSize other_size = OtherSize::refuse) {
  const std::vector<std::filesystem::path> classes = detail::sorted_entries(folder, detail::is_class_folder);
  if (classes.empty()) throw FileError(folder.string(), "expected a folder of images for each class, found none");
  Dataset set(folder.string(), shape, std::ssize(classes));
  std::vector<std::string> names;
  for (const std::filesystem::path& each : classes) {
    const std::vector<std::filesystem::path> files = detail::sorted_entries(each, detail::is_image_file);
    if (files.empty()) throw FileError(each.string(), "expected .png or .jpg files of its class, found none");
    const auto label = static_cast<Label>(names.size());
    for (const std::filesystem::path& file : files) set.append(read_image(file, shape, other_size), label);
    names.push_back(each.filename().string());
  }
  set.name_classes(std::move(names));
  return set;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
