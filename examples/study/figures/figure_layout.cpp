#include "study/figures/figure_layout.hpp"

#include "study/figures/gnuplot.hpp"
#include "study/text/text.hpp"

namespace study {

std::string screen_part(int pixels, int all) { return fixed(static_cast<double>(pixels) / all, 4); }

std::string place(const Panel& panel, int height) {
  return "set lmargin at screen " + screen_part(panel.left, kFigureWidth) + "; set rmargin at screen " +
         screen_part(panel.right, kFigureWidth) + "; set tmargin at screen " + screen_part(height - panel.top, height) +
         "; set bmargin at screen " + screen_part(height - panel.bottom, height) + "\n";
}

std::string screen_point(int x, int y, int height) {
  return "screen " + screen_part(x, kFigureWidth) + ",screen " + screen_part(height - y, height);
}

std::string write_at(int x, int y, int height, std::string_view text, std::string_view options) {
  return "set label " + gnuplot_quoted(text) + " at " + screen_point(x, y, height) + " center noenhanced front " +
         std::string(options) + "\n";
}

std::string place_colour_bar(const Panel& panel, int height, std::string_view name) {
  constexpr int width = 18;
  const int left = panel.right + width;
  return "set colorbox user origin " + screen_point(left, panel.bottom, height) + " size screen " +
         screen_part(width, kFigureWidth) + ",screen " + screen_part(panel.bottom - panel.top, height) + "\n" +
         write_at(left + width / 2, panel.top - 20, height, name);
}

std::string write_title(int height, std::string_view text) {
  return write_at(kFigureWidth / 2, 20, height, text, "font ',18'");
}

}  // namespace study
