#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <lamina/core/error.hpp>
#include <lamina/io/stored_tensor.hpp>

namespace lamina::detail {

/// What the header of an array of NumPy's says.
struct NpyHeader {
  std::string type;  ///< as NumPy names it: "<f4"
  bool fortran_order = false;
  Dimensions dimensions;
};

/// Reads a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }. Its keys may come in any
/// order, and nothing else may be in there.
class NpyHeaderParser {
 public:
  /// @param where  for errors
  NpyHeaderParser(std::string where, std::string_view text) : where_(std::move(where)), text_(text) {}

  /// @throws FileError
  [[nodiscard]] NpyHeader parse() {
    constexpr std::size_t keys = 3;
    NpyHeader header;
    expect("{");
    std::set<std::string> seen;
    for (std::size_t i = 0; i < keys; ++i) {
      const std::string key = quoted();
      if (!seen.insert(key).second) refuse("has '" + key + "' twice");
      expect(":");
      value(key, header);
      if (!take(",") && i + 1 < keys) refuse("is no dictionary of descr, fortran_order and shape");
    }
    expect("}");
    skip_spaces();
    if (!text_.empty()) refuse("goes on behind its end");
    return header;
  }

 private:
  [[noreturn]] void refuse(const std::string& problem) const {
    throw FileError(where_, "the header of the array " + problem);
  }

  void skip_spaces() { text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size())); }

  bool take(std::string_view word) {
    skip_spaces();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  void expect(std::string_view word) {
    if (!take(word)) refuse("has no '" + std::string(word) + "' where one belongs");
  }

  [[nodiscard]] std::string quoted() {
    expect("'");
    const std::size_t size = text_.find('\'');
    if (size == std::string_view::npos) refuse("has a text without an end");
    std::string text(text_.substr(0, size));
    text_.remove_prefix(size + 1);
    return text;
  }

  void value(std::string_view key, NpyHeader& header) {
    if (key == "descr") {
      if (take("[")) refuse("is that of a structured array");
      header.type = quoted();
    } else if (key == "fortran_order") {
      header.fortran_order = take("True");
      if (!header.fortran_order) expect("False");
    } else if (key == "shape") {
      header.dimensions = tuple();
    } else {
      refuse("has the unknown key '" + std::string(key) + "'");
    }
  }

  [[nodiscard]] Dimensions tuple() {
    Dimensions dimensions;
    expect("(");
    while (!take(")")) {
      skip_spaces();
      Index size = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
      if (error != std::errc{} || size < 0) refuse("has a shape that no array could have");
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      dimensions.push_back(size);
      if (!take(",")) {
        // (3) is a number in Python, not a tuple.
        if (dimensions.size() == 1) refuse("has a shape that is no tuple");
        expect(")");
        break;
      }
    }
    return dimensions;
  }

  std::string where_;
  std::string_view text_;
};

}  // namespace lamina::detail
