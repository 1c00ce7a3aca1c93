#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include <lamina/core/error.hpp>
#include <lamina/io/file.hpp>

#include "study/text/append_file.hpp"
#include "study/text/text.hpp"
#include "study/text/text_file.hpp"

namespace study {

namespace detail {

template <class Number>
requires std::is_arithmetic_v<Number>
void append_cell(std::string& text, Number value) { text += shortest(value); }

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

/// A table of one row as text.
template <std::size_t Columns, class... Cells>
requires(sizeof...(Cells) == Columns) [[nodiscard]] std::string
    csv_row(const std::array<std::string_view, Columns>& names, const Cells&... cells) {
  std::string text;
  std::apply([&](const auto&... name) { detail::append_row(text, name...); }, names);
  detail::append_row(text, cells...);
  return text;
}

/// A comma-separated table that is written while a program runs, with the names of its columns in the first line. Cells
/// are numbers, which read back as the same bits, or text.
/// @tparam Columns  how many
template <std::size_t Columns>
class CsvFile {
 public:
  /// Makes the file with its first line.
  /// @throws lamina::FileError when it cannot be written; no file is left then
  CsvFile(std::filesystem::path file, const std::array<std::string_view, Columns>& names) : file_(std::move(file)) {
    std::apply([this](const auto&... name) { detail::append_row(pending_, name...); }, names);
    try {
      write();
    } catch (const lamina::FileError&) {
      std::error_code ignored;
      std::filesystem::remove(file_.path(), ignored);
      throw;
    }
  }

  /// How many of the first rows of a table that is there `keep` says to keep, given a row's first cell.
  /// @throws lamina::FileError when the file cannot be read or begins with other names
  template <class Keep>
  [[nodiscard]] static std::size_t rows_to_keep(const std::filesystem::path& file,
                                                const std::array<std::string_view, Columns>& names, const Keep& keep) {
    return kept(file, read_text_file(file), names, keep).rows;
  }

  /// Continues a table behind those rows, and removes the rest.
  /// @throws lamina::FileError as rows_to_keep(), and when it cannot be written
  template <class Keep>
  [[nodiscard]] static CsvFile continued(const std::filesystem::path& file,
                                         const std::array<std::string_view, Columns>& names, const Keep& keep) {
    std::string text = read_text_file(file);
    text.resize(kept(file, text, names, keep).end);
    if (text != lamina::read_file(file)) lamina::write_file(file, text);
    return CsvFile(AppendFile::at_end_of(file));
  }

  /// Adds a row, which write() writes.
  template <class... Cells>
  requires(sizeof...(Cells) == Columns) void add(const Cells&... cells) { detail::append_row(pending_, cells...); }

  /// Writes the rows added since the last time: all of them, or none and
  /// @throws lamina::FileError
  void write() {
    file_.append(pending_);
    pending_.clear();
  }

  /// Waits until all that was written is on the disk.
  /// @throws lamina::FileError
  void sync() { file_.sync(); }

 private:
  explicit CsvFile(AppendFile file) : file_(std::move(file)) {}

  struct Kept {
    std::size_t rows = 0;
    std::size_t end = 0;  ///< of the last of them in the text
  };

  template <class Keep>
  [[nodiscard]] static Kept kept(const std::filesystem::path& file, std::string_view text,
                                 const std::array<std::string_view, Columns>& names, const Keep& keep) {
    std::string header;
    std::apply([&](const auto&... name) { detail::append_row(header, name...); }, names);
    header.pop_back();
    std::string_view rest = text;
    if (text.find('\n') == text.npos || take_line(rest) != header) {
      throw lamina::FileError(file.string(), "does not begin with the line " + header);
    }
    Kept result{.rows = 0, .end = text.size() - rest.size()};
    while (rest.find('\n') != rest.npos) {
      const std::string_view row = take_line(rest);
      if (!keep(row.substr(0, row.find(',')))) break;
      result = {.rows = result.rows + 1, .end = text.size() - rest.size()};
    }
    return result;
  }

  AppendFile file_;
  std::string pending_;
};

template <std::size_t Columns>
CsvFile(std::filesystem::path, const std::array<std::string_view, Columns>&) -> CsvFile<Columns>;

}  // namespace study
