#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

/// Throws FileError with the reason of the last failed call: "runs/summary.csv: cannot be written: No space left ...".
[[noreturn]] inline void throw_last_failure(const std::filesystem::path& file, const std::string& problem) {
  throw FileError(file.string(), problem + ": " + std::generic_category().message(errno));
}

/// @throws FileError when it cannot be opened
[[nodiscard]] inline FileHandle open_to_write(const std::filesystem::path& file) {
  FileHandle handle(std::fopen(file.c_str(), "wb"));
  if (!handle) throw_last_failure(file, "cannot be opened for writing");
  // Without a buffer of its own a stream reports a full disk at the write that meets it, and retries nothing on close.
  std::setvbuf(handle.get(), nullptr, _IONBF, 0);
  return handle;
}

[[nodiscard]] inline bool write_all(std::FILE* file, std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), file) == text.size();
}

/// Waits until what was written is on the disk, so that it survives the end of the machine.
[[nodiscard]] inline bool sync(std::FILE* file) { return fsync(fileno(file)) == 0; }

/// The same for the names in a folder. Some file systems know no such thing, which is no failure.
inline void sync_folder(const std::filesystem::path& folder) {
  const FileHandle handle(std::fopen(folder.empty() ? "." : folder.c_str(), "rb"));
  if (handle) static_cast<void>(sync(handle.get()));
}

}  // namespace detail

/// The content of a file.
/// @throws FileError when it cannot be read
[[nodiscard]] inline std::string read_file(const std::filesystem::path& file) {
  const detail::FileHandle handle(std::fopen(file.c_str(), "rb"));
  if (!handle) detail::throw_last_failure(file, "cannot be opened");
  std::string text;
  std::array<char, 65536> block{};
  while (const std::size_t count = std::fread(block.data(), 1, block.size(), handle.get())) {
    text.append(block.data(), count);
  }
  if (std::ferror(handle.get()) != 0) detail::throw_last_failure(file, "cannot be read");
  return text;
}

/// Writes a whole file: under another name first and to the disk, so that the file is either complete or as it was
/// before, whatever happens to the program or the machine.
/// @throws FileError when it cannot be written
inline void write_file(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path unfinished = file.string() + ".part";
  auto handle = detail::open_to_write(unfinished);
  bool written = detail::write_all(handle.get(), text) && detail::sync(handle.get());
  written = std::fclose(handle.release()) == 0 && written;
  if (written && std::rename(unfinished.c_str(), file.c_str()) == 0) {
    detail::sync_folder(file.parent_path());
    return;
  }
  const int reason = errno;
  std::remove(unfinished.c_str());
  errno = reason;
  detail::throw_last_failure(file, "cannot be written");
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
