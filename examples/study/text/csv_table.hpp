#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <lamina/core/error.hpp>

#include "study/text/text.hpp"
#include "study/text/text_file.hpp"

namespace study {

namespace detail {

/// A row and the line of the file that it begins in, from 1.
struct CsvRow {
  std::size_t line = 0;
  std::vector<std::string> cells;
};

/// Takes the text of a CSV file apart (RFC 4180; lines end with LF or CR LF).
class CsvReader {
 public:
  CsvReader(const std::filesystem::path& file, std::string_view text) : file_(file), rest_(text) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }

  /// @throws lamina::FileError  quotes that do not match
  [[nodiscard]] CsvRow row() {
    CsvRow row{.line = line_, .cells = {}};
    do {
      row.cells.push_back(rest_.starts_with('"') ? quoted() : plain());
    } while (take(","));
    if (!done() && !take_line_end(rest_)) fail(line_, "text behind a closing quote");
    ++line_;
    return row;
  }

  [[noreturn]] void fail(std::size_t line, const std::string& problem) const {
    throw lamina::FileError(file_.string(), "line " + std::to_string(line) + ": " + problem);
  }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  [[nodiscard]] std::string plain() {
    std::string_view line = rest_;
    line = take_line(line);
    const std::string_view cell = line.substr(0, line.find(','));
    rest_.remove_prefix(cell.size());
    return std::string(cell);
  }

  /// A quote within the quotes is written twice, so each pair of quotes holds the text up to one.
  [[nodiscard]] std::string quoted() {
    const std::size_t first_line = line_;
    std::string cell;
    while (take("\"")) {
      const std::size_t size = rest_.find('"');
      if (size == rest_.npos) fail(first_line, "a quote is never closed");
      const std::string_view part = rest_.substr(0, size);
      line_ += static_cast<std::size_t>(std::count(part.begin(), part.end(), '\n'));
      cell.append(part);
      rest_.remove_prefix(size + 1);
      if (rest_.starts_with('"')) cell.push_back('"');
    }
    return cell;
  }

  const std::filesystem::path& file_;
  std::string_view rest_;
  std::size_t line_ = 1;
};

}  // namespace detail

/// A comma-separated table in memory, such as CsvFile writes: its columns by the names in its first line.
class CsvTable {
 public:
  /// Reads a whole file.
  /// @throws lamina::FileError  no file, no first line, a name twice, quotes that do not match, a row with more or
  ///                            fewer cells than the first line; what() names the line
  explicit CsvTable(std::filesystem::path file) : file_(std::move(file)) {
    const std::string text = read_text_file(file_);
    if (text.empty())
      throw lamina::FileError(file_.string(), "is empty: expected a line with the names of the columns");
    detail::CsvReader reader(file_, text);
    names_ = reader.row().cells;
    for (auto name = names_.begin(); name != names_.end(); ++name) {
      if (std::find(names_.begin(), name, *name) != name) reader.fail(1, "two columns are called '" + *name + "'");
    }
    while (!reader.done()) {
      rows_.push_back(reader.row());
      const auto& [line, cells] = rows_.back();
      if (cells.size() != names_.size()) {
        reader.fail(line,
                    "expected " + std::to_string(names_.size()) + " cells, found " + std::to_string(cells.size()));
      }
    }
  }

  /// Rows below the first line.
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  /// Whether the table has a column of this name.
  [[nodiscard]] bool has(std::string_view column) const {
    return std::find(names_.begin(), names_.end(), column) != names_.end();
  }

  /// The cells of a column as they are.
  /// @throws lamina::FileError  no such column
  [[nodiscard]] std::vector<std::string> text(std::string_view column) const {
    const std::size_t place = find(column);
    std::vector<std::string> cells;
    for (const detail::CsvRow& row : rows_) cells.push_back(row.cells[place]);
    return cells;
  }

  /// The cells of a column as numbers, in any locale; floating-point ones may be inf and nan.
  /// @tparam Number  a floating-point type, or an integral one for whole numbers alone
  /// @throws lamina::FileError  no such column, a cell that is no such number; what() names the line
  template <class Number = double>
  requires std::is_arithmetic_v<Number>
  [[nodiscard]] std::vector<Number> numbers(std::string_view column) const {
    const std::size_t place = find(column);
    std::vector<Number> values;
    for (const detail::CsvRow& row : rows_) {
      const std::string& cell = row.cells[place];
      const auto value = number_from<Number>(cell);
      if (!value) {
        throw lamina::FileError(
            file_.string(), "line " + std::to_string(row.line) + ", column '" + std::string(column) + "': expected a " +
                                (std::is_integral_v<Number> ? "whole " : "") + "number, found '" + cell + "'");
      }
      values.push_back(*value);
    }
    return values;
  }

 private:
  [[nodiscard]] std::size_t find(std::string_view column) const {
    const auto found = std::find(names_.begin(), names_.end(), column);
    if (found == names_.end()) throw lamina::FileError(file_.string(), "has no column '" + std::string(column) + "'");
    return static_cast<std::size_t>(found - names_.begin());
  }

  std::filesystem::path file_;
  std::vector<std::string> names_;
  std::vector<detail::CsvRow> rows_;
};

}  // namespace study
