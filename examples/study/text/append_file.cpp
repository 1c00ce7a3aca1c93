#include "study/text/append_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <lamina/core/error.hpp>

namespace study {

namespace {

[[noreturn]] void throw_last_failure(const std::filesystem::path& file, const std::string& problem) {
  throw lamina::FileError(file.string(), problem + ": " + std::generic_category().message(errno));
}

}  // namespace

AppendFile::AppendFile(std::filesystem::path file, int flags)
    : path_(std::move(file)), file_(open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0666)) {
  if (!file_.is_open()) throw_last_failure(path_, "cannot be opened for writing");
  size_ = lseek(file_.get(), 0, SEEK_END);
  if (size_ < 0) throw_last_failure(path_, "cannot be measured");
}

AppendFile::AppendFile(std::filesystem::path file) : AppendFile(std::move(file), O_CREAT | O_TRUNC) {}

AppendFile AppendFile::at_end_of(std::filesystem::path file) { return {std::move(file), 0}; }

void AppendFile::append(std::string_view text) {
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t count = write(file_.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int reason = errno;
      // Where even that fails, half a row stays; whoever goes on cuts the file back to its whole rows.
      static_cast<void>(ftruncate(file_.get(), size_) == 0);
      errno = reason;
      throw_last_failure(path_, "cannot be written");
    }
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  size_ += static_cast<off_t>(text.size());
}

void AppendFile::sync() {
  if (fsync(file_.get()) != 0) throw_last_failure(path_, "cannot be written to the disk");
}

}  // namespace study
