#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include <lamina/io/file.hpp>

namespace lamina {

namespace detail {

/// The shortest digits that read back as the same number, in any locale.
template <class Number>
requires std::is_arithmetic_v<Number>
void append_cell(std::string& text, Number value) {
  std::array<char, 64> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  text.append(digits.data(), end.ptr);
}

/// Text as it is, or in quotes where it would break the table (RFC 4180).
inline void append_cell(std::string& text, std::string_view value) {
  if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
    text.append(value);
    return;
  }
  text.push_back('"');
  for (const char character : value) text.append(character == '"' ? 2 : 1, character);
  text.push_back('"');
}

template <class First, class... Others>
void append_row(std::string& text, const First& first, const Others&... others) {
  append_cell(text, first);
  ((text.push_back(','), append_cell(text, others)), ...);
  text.push_back('\n');
}

}  // namespace detail

/// A comma-separated table that is written while a program runs, with the names of its columns in the first line. Cells
/// are numbers, which read back as the same bits, or text.
/// @tparam Columns  how many
template <std::size_t Columns>
class CsvFile {
 public:
  /// Makes the file with its first line.
  /// @throws FileError when it cannot be written; no file is left then
  CsvFile(std::filesystem::path file, const std::array<std::string_view, Columns>& names) : file_(std::move(file)) {
    std::apply([this](const auto&... name) { detail::append_row(pending_, name...); }, names);
    try {
      write();
    } catch (const FileError&) {
      std::error_code ignored;
      std::filesystem::remove(file_.path(), ignored);
      throw;
    }
  }

  /// Continues a table that is there: its first rows, as long as `keep` says so of a row's first cell; the rest is
  /// removed. `kept` receives how many rows stay.
  /// @throws FileError when the file cannot be read or written, or begins with other names
  template <class Keep>
  [[nodiscard]] static CsvFile continued(const std::filesystem::path& file,
                                         const std::array<std::string_view, Columns>& names, const Keep& keep,
                                         std::size_t& kept) {
    std::string header;
    std::apply([&](const auto&... name) { detail::append_row(header, name...); }, names);
    const std::string text = read_file(file);
    if (!text.starts_with(header)) throw FileError(file.string(), "does not begin with the line " + header);
    std::size_t end = header.size();
    kept = 0;
    for (std::size_t line = text.find('\n', end); line != text.npos; line = text.find('\n', end)) {
      const std::string_view row = std::string_view(text).substr(end, line - end);
      if (!keep(row.substr(0, row.find(',')))) break;
      end = line + 1;
      ++kept;
    }
    if (end < text.size()) write_file(file, std::string_view(text).substr(0, end));
    return CsvFile(AppendFile::at_end_of(file));
  }

  /// Adds a row, which write() writes.
  template <class... Cells>
  requires(sizeof...(Cells) == Columns) void add(const Cells&... cells) { detail::append_row(pending_, cells...); }

  /// Writes the rows added since the last time: all of them, or none and
  /// @throws FileError
  void write() {
    file_.append(pending_);
    pending_.clear();
  }

  /// Waits until all that was written is on the disk.
  /// @throws FileError
  void sync() { file_.sync(); }

 private:
  explicit CsvFile(AppendFile file) : file_(std::move(file)) {}

  AppendFile file_;
  std::string pending_;
};

template <std::size_t Columns>
CsvFile(std::filesystem::path, const std::array<std::string_view, Columns>&) -> CsvFile<Columns>;

}  // namespace lamina
