#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include <lamina/core/shape.hpp>

/// @file
/// Numbers as people read and write them, the same in every locale.

namespace study {

namespace detail {

/// What std::to_chars makes of a number. Not std::format, which g++ has from version 13 on only.
/// @param format  nothing, or its format and number of digits
[[nodiscard]] std::string digits_of(auto value, auto... format) {
  std::array<char, 400> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, format...);
  return {text.data(), end.ptr};
}

}  // namespace detail

/// "4.36": so many digits after the point.
[[nodiscard]] inline std::string fixed(double value, int digits) {
  return detail::digits_of(value, std::chars_format::fixed, digits);
}

/// "1.0e-03": so many digits after the point.
[[nodiscard]] inline std::string scientific(double value, int digits) {
  return detail::digits_of(value, std::chars_format::scientific, digits);
}

/// The shortest digits that read back as the same number: "0.001", "2e-05", "47500".
template <class Number>
requires std::is_arithmetic_v<Number>
[[nodiscard]] std::string shortest(Number value) { return detail::digits_of(value); }

/// The number that a whole text is, in any locale: of "1e-3", "+1e-3" or "-7", of nothing else.
template <class Number>
[[nodiscard]] std::optional<Number> number_from(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);  // std::from_chars takes no plus
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || last != end) return std::nullopt;
  return value;
}

/// "7.12 %" for 0.0712.
[[nodiscard]] inline std::string percent(double fraction) { return fixed(100 * fraction, 2) + " %"; }

/// "47,500".
[[nodiscard]] inline std::string grouped(lamina::Index value) {
  std::string text = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t end = text.size(); end > first + 3;) {
    end -= 3;
    text.insert(end, 1, ',');
  }
  return text;
}

/// "0:48", "1:02:03": minutes and seconds, with hours when there are any.
[[nodiscard]] inline std::string clock_time(double seconds) {
  const auto total = static_cast<long long>(std::llround(std::clamp(seconds, 0.0, 1e9)));
  const auto two_digits = [](long long value) {
    return std::string(value < 10 ? "0" : "").append(std::to_string(value));
  };
  const std::string seconds_part = std::string(":").append(two_digits(total % 60));
  if (total < 3600) return std::to_string(total / 60) + seconds_part;
  return std::to_string(total / 3600).append(":").append(two_digits(total / 60 % 60)).append(seconds_part);
}

/// A word of a command line, in quotes where a shell needs them.
[[nodiscard]] inline std::string shell_quoted(std::string_view word) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,=";
  if (!word.empty() && word.find_first_not_of(plain) == word.npos) return std::string(word);
  std::string quoted = "'";
  for (const char character : word) quoted += character == '\'' ? std::string("'\\''") : std::string(1, character);
  return quoted + "'";
}

/// Text in a column of that many characters, at its right or left edge; longer text stays whole.
[[nodiscard]] inline std::string right(std::string_view text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ').append(text);
}
[[nodiscard]] inline std::string left(std::string_view text, std::size_t width) {
  return std::string(text).append(width - std::min(width, text.size()), ' ');
}

/// Breaks text at spaces into lines of less than `width` characters; a longer word stays whole.
[[nodiscard]] inline std::string wrapped(std::string_view text, std::size_t width) {
  std::string lines;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const bool fits = column == 0 || column + 1 + word.size() < width;
    if (!fits) column = 0;
    if (!lines.empty()) lines += fits ? ' ' : '\n';
    lines += word;
    column += (column > 0 ? 1 : 0) + word.size();
  }
  return lines;
}

}  // namespace study
