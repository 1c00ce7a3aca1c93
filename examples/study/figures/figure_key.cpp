#include "study/figures/figure_key.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "study/figures/figure_layout.hpp"
#include "study/figures/gnuplot.hpp"

namespace study {

namespace {

// In pixels: a row, a letter on average, the sample beside a text.
constexpr int kRow = 24;
constexpr int kLetter = 8;
constexpr int kSample = 60;

constexpr std::array<std::string_view, 7> kColours{"#0072B2", "#D55E00", "#009E73", "#E69F00",
                                                   "#CC79A7", "#56B4E9", "#000000"};
constexpr std::array<int, 4> kSymbols{7, 5, 9, 13};  // filled: circle, square, triangle, diamond

/// Columns, filled one after the other, as many as fit beside each other.
struct Grid {
  int columns = 1;
  int rows = 1;
  int column_width = 0;
};

Grid grid_of(std::span<const KeyEntry> entries) {
  std::size_t longest = 0;
  for (const KeyEntry& entry : entries) longest = std::max(longest, entry.text.size());
  const int count = static_cast<int>(entries.size());
  const int width = kSample + kLetter * static_cast<int>(longest);
  const int fit = std::clamp(kFigureWidth / width, 1, count);
  const int rows = (count + fit - 1) / fit;
  return {.columns = (count + rows - 1) / rows, .rows = rows, .column_width = width};
}

}  // namespace

int key_height(std::span<const KeyEntry> entries) { return kRow * grid_of(entries).rows + 10; }

std::string draw_key(std::span<const KeyEntry> entries, int height) {
  const Grid grid = grid_of(entries);
  const int left = std::max(0, (kFigureWidth - grid.columns * grid.column_width) / 2) + kSample;
  const int top = height - key_height(entries);
  std::string text = place({.left = 0, .right = kFigureWidth, .top = top, .bottom = height}, height) +
                     "unset border; unset tics; unset logscale; unset label\n"
                     "set key Left reverse noenhanced samplen 3\nplot [0:1][0:1] ";
  for (int i = 0; i < static_cast<int>(entries.size()); ++i) {
    const auto& [style, name] = entries[static_cast<std::size_t>(i)];
    const int x = left + i / grid.rows * grid.column_width;
    const int y = top + i % grid.rows * kRow + kRow / 2;
    text += (i == 0 ? "" : ", \\\n  ") + ("NaN with " + style) + " title " + gnuplot_quoted(name) + " at " +
            screen_point(x, y, height);
  }
  return text + "\n";
}

std::string run_colour(std::size_t run) { return gnuplot_quoted(kColours[run % kColours.size()]); }

int run_symbol(std::size_t run) { return kSymbols[run / kColours.size() % kSymbols.size()]; }

std::vector<std::string> run_labels(std::span<const Run> runs) {
  std::vector<std::string> labels;
  for (const Run& run : runs) {
    const bool alone = std::ranges::count(runs, run.title(), &Run::title) == 1;
    labels.push_back(alone ? run.title() : run.title() + " (" + run.name + ")");
  }
  return labels;
}

}  // namespace study
