#pragma once

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

#include <lamina/core/error.hpp>

namespace study {

/// Keeps a folder to one program at a time. The system takes the lock back when the program ends, however it does.
class FolderLock {
 public:
  /// @throws lamina::FileError  when another program has the folder, or it cannot be written
  explicit FolderLock(const std::filesystem::path& folder)
      : file_(open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    const auto refuse = [&](const std::string& problem) {
      if (file_ >= 0) close(file_);
      throw lamina::FileError(folder.string(), problem);
    };
    if (file_ < 0) refuse("cannot be locked: " + std::generic_category().message(errno));
    if (flock(file_, LOCK_EX | LOCK_NB) == 0) return;
    refuse(errno == EWOULDBLOCK ? "another program is running in this folder"
                                : "cannot be locked: " + std::generic_category().message(errno));
  }
  ~FolderLock() { close(file_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_;
};

}  // namespace study
