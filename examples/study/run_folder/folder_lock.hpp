#pragma once

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/file.h>
#include <system_error>

#include <lamina/core/error.hpp>

#include "study/text/descriptor.hpp"

namespace study {

/// Keeps a folder to one program at a time. The system takes the lock back when the program ends, however it does.
class FolderLock {
 public:
  /// @throws lamina::FileError  when another program has the folder, or it cannot be written
  explicit FolderLock(const std::filesystem::path& folder)
      : file_(open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (file_.is_open() && flock(file_.get(), LOCK_EX | LOCK_NB) == 0) return;
    throw lamina::FileError(folder.string(), errno == EWOULDBLOCK
                                                 ? "another program is running in this folder"
                                                 : "cannot be locked: " + std::generic_category().message(errno));
  }

 private:
  Descriptor file_;
};

}  // namespace study
