#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "study/text/descriptor.hpp"

namespace study {

/// A text file that grows. What append() has returned from survives the end of the program, however it comes; an
/// append() that fails leaves nothing of its text behind.
class AppendFile {
 public:
  /// Makes the file, empty; one that is there loses its content.
  /// @throws lamina::FileError when it cannot be opened
  explicit AppendFile(std::filesystem::path file);

  /// Continues a file that is there, from its end.
  /// @throws lamina::FileError when it cannot be opened
  [[nodiscard]] static AppendFile at_end_of(std::filesystem::path file);

  /// @throws lamina::FileError when the text cannot be written as a whole, such as on a full disk
  void append(std::string_view text);

  /// Waits until all that was appended is on the disk.
  /// @throws lamina::FileError
  void sync();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  AppendFile(std::filesystem::path file, int flags);

  std::filesystem::path path_;
  Descriptor file_;
  off_t size_ = 0;
};

}  // namespace study
