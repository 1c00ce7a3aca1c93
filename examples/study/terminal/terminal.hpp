#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

/// @file
/// What standard output is connected to.

namespace study {

[[nodiscard]] inline bool is_terminal() { return isatty(STDOUT_FILENO) == 1; }

/// Characters that fit into a line, at the time of the call: a window may change its size. 80 where nobody knows.
[[nodiscard]] inline std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

/// The characters that bars are drawn with.
struct BarStyle {
  std::string_view full;
  std::string_view empty;
};

/// Blocks where the locale's encoding has them, else ASCII.
[[nodiscard]] inline BarStyle bar_style() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale = value;
    const bool utf8 = locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
    return utf8 ? BarStyle{"█", "░"} : BarStyle{"#", "."};
  }
  return {"#", "."};
}

/// A bar of `width` characters whose first `filled` are full.
[[nodiscard]] inline std::string bar(std::size_t filled, std::size_t width, const BarStyle& style) {
  std::string text;
  for (std::size_t i = 0; i < width; ++i) text += i < filled ? style.full : style.empty;
  return text;
}

}  // namespace study
