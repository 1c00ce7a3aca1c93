#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "study/run_folder/run.hpp"

namespace study {

/// A line of a key: how it is drawn, in gnuplot's words, and what it stands for.
struct KeyEntry {
  std::string style;
  std::string text;
};

/// The height of a key, in pixels.
[[nodiscard]] int key_height(std::span<const KeyEntry> entries);

/// Draws the key at the lower edge of a multiplot of that height, in as many columns as its texts allow.
[[nodiscard]] std::string draw_key(std::span<const KeyEntry> entries, int height);

/// A colour and a symbol for each of many runs. The colours are those of Okabe and Ito (2008), which people with any
/// kind of colour blindness tell apart, without the yellow that is lost on white; once they are used up the symbol
/// changes.
[[nodiscard]] std::string run_colour(std::size_t run);
[[nodiscard]] int run_symbol(std::size_t run);

/// What tells runs apart: their titles, with the names of their folders where titles are equal.
[[nodiscard]] std::vector<std::string> run_labels(std::span<const Run> runs);

}  // namespace study
