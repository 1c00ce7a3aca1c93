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

  /// Adds a row, which write() writes.
  template <class... Cells>
  requires(sizeof...(Cells) == Columns) void add(const Cells&... cells) { detail::append_row(pending_, cells...); }

  /// Writes the rows added since the last time: all of them, or none and
  /// @throws FileError
  void write() {
    file_.append(pending_);
    pending_.clear();
  }

 private:
  AppendFile file_;
  std::string pending_;
};

template <std::size_t Columns>
CsvFile(std::filesystem::path, const std::array<std::string_view, Columns>&) -> CsvFile<Columns>;

}  // namespace lamina
