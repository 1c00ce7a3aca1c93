#pragma once

#include <string>
#include <string_view>

/// @file
/// Where things are in a figure, in pixels from its left and upper edge. Terminals differ in the room that they leave
/// for titles and for the names of axes, and would let them overlap; so all text has a place of its own.

namespace study {

/// A figure is as wide as a page, 16 cm: a pixel is then half a point, and the letters are those of 8 points.
inline constexpr int kFigureWidth = 900;

/// The borders of a drawing.
struct Panel {
  int left = 0;
  int right = 0;
  int top = 0;
  int bottom = 0;
};

/// What follows is drawn in this panel of a figure of that height.
[[nodiscard]] std::string place(const Panel& panel, int height);

/// A point in gnuplot's words: "screen 0.5000,screen 0.9750".
[[nodiscard]] std::string screen_point(int x, int y, int height);

/// A line of text around a point.
/// @param options  of gnuplot's labels: "rotate by 90", "font ',18'"
[[nodiscard]] std::string write_at(int x, int y, int height, std::string_view text, std::string_view options = "");

/// The title of a figure, in its first 40 pixels.
[[nodiscard]] std::string write_title(int height, std::string_view text);

/// The bar at the right of a panel that explains the colours of a palette.
/// @param name  of what they stand for
[[nodiscard]] std::string place_colour_bar(const Panel& panel, int height, std::string_view name);

/// A part of the width or height, as gnuplot wants it.
[[nodiscard]] std::string screen_part(int pixels, int all);

/// Axes at the left and below, with marks outside and pale horizontal lines.
inline constexpr std::string_view kPlainAxes =
    "set border 3; set tics nomirror out scale 0.5; set grid ytics lc rgb 'gray85' lw 0.7 dt 1; unset key\n";

}  // namespace study
