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

/// Keeps a folder to one program at a time, where the file system has locks. The system takes the lock back when the
/// program ends, however it does.
class FolderLock {
 public:
  /// @param lock  what locks a file, as flock() does
  /// @throws lamina::FileError  when another program has the folder, or it cannot be written
  explicit FolderLock(const std::filesystem::path& folder, int (*lock)(int file, int operation) = flock)
      : file_(open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (file_.is_open() && lock(file_.get(), LOCK_EX | LOCK_NB) == 0) return;
    const int reason = errno;
    if (reason == EWOULDBLOCK) throw lamina::FileError(folder.string(), "another program is running in this folder");
    const std::string problem = "cannot be locked: " + std::generic_category().message(reason);
    if (!file_.is_open() || !has_no_locks(reason)) throw lamina::FileError(folder.string(), problem);
    warning_ = folder.string() + ": " + problem + "; nothing keeps another program out of this folder";
  }

  /// What to tell the user of a file system that has no locks, in one line; empty where the folder is locked.
  [[nodiscard]] const std::string& warning() const { return warning_; }

 private:
  /// Whether a failure says that the file system, and not another program, is the reason.
  static bool has_no_locks(int reason) { return reason == ENOLCK || reason == ENOSYS || reason == EOPNOTSUPP; }

  Descriptor file_;
  std::string warning_;
};

}  // namespace study
