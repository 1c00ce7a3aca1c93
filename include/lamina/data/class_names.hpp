#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/data/binary_input.hpp>
#include <lamina/data/dataset.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The names of classes in a text file, one a line, from class 0 on. Empty lines, carriage returns and a byte-order
/// mark do not count.
/// @throws FileError for a file that is missing or has another number of names
[[nodiscard]] inline std::vector<std::string> read_class_names(const std::filesystem::path& file, Index classes) {
  std::ifstream in = detail::open_binary(file);
  std::vector<std::string> names;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  bool first = true;
  for (std::string line; std::getline(in, line); first = false) {
    if (first && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  if (std::ssize(names) != classes) {
    throw FileError(file.string(), "expected the names of " + std::to_string(classes) + " classes, found " +
                                       std::to_string(names.size()) + " lines");
  }
  return names;
}

/// Names the classes of both sets after a file; a file that is not there names none.
/// @throws FileError as read_class_names
inline void name_classes(TrainTestSets& sets, const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return;
  const std::vector<std::string> names = read_class_names(file, sets.train.classes());
  sets.train.name_classes(names);
  sets.test.name_classes(names);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
