#pragma once

#include <filesystem>
#include <fstream>
#include <system_error>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// Refuses a path at which there is no file.
/// @throws FileError that says what is there
inline void require_file(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) throw FileError(file.string(), "no such file");
  if (std::filesystem::is_directory(status)) throw FileError(file.string(), "expected a file, found a folder");
}

/// A file of bytes, at its beginning.
/// @throws FileError when there is none, or it cannot be opened
[[nodiscard]] inline std::ifstream open_binary(const std::filesystem::path& file) {
  require_file(file);
  std::ifstream in(file, std::ios::binary);
  if (!in) throw FileError(file.string(), "cannot be opened for reading");
  return in;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
