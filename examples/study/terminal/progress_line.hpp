#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "study/terminal/terminal.hpp"
#include "study/text/text.hpp"

namespace study {

/// How far something has come.
struct Progress {
  std::string title;
  double fraction = 0;               ///< done, 0 to 1
  std::vector<std::string> figures;  ///< the most important first
};

/// "epoch 1/2 ████████░░░░░░░░  50 %  0:07 left  loss 4.36": one line of less than `width` characters. A line that is
/// too long loses its last figures, and in the end its bar.
[[nodiscard]] inline std::string progress_line(const Progress& progress, std::size_t width, const BarStyle& style) {
  constexpr std::size_t kShortestBar = 10;
  constexpr std::size_t kLongestBar = 30;
  const double fraction = std::clamp(progress.fraction, 0.0, 1.0);
  std::string text = right(std::to_string(static_cast<int>(100 * fraction)), 3) + " %";
  const std::size_t room = width > 0 ? width - 1 : 0;  // a character in the last column could begin a new line
  const std::size_t around = progress.title.size() + 2;
  for (const std::string& figure : progress.figures) {
    if (around + kShortestBar + text.size() + 2 + figure.size() > room) break;
    text += "  " + figure;
  }
  if (around + kShortestBar + text.size() > room) return (progress.title + " " + text).substr(0, room);
  const std::size_t length = std::min(kLongestBar, room - around - text.size());
  const auto filled = static_cast<std::size_t>(std::lround(fraction * static_cast<double>(length)));
  return progress.title + " " + bar(filled, length, style) + " " + text;
}

}  // namespace study
