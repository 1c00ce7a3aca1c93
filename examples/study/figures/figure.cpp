#include "study/figures/figure.hpp"

#include <system_error>

#include <lamina/io/file.hpp>

#include "study/figures/figure_layout.hpp"

namespace study {

namespace {

std::string size_in_pixels(int width, int height) { return std::to_string(width) + "," + std::to_string(height); }

}  // namespace

std::string table_name(const std::string& figure, std::size_t run, std::size_t runs) {
  return runs == 1 ? figure + ".csv" : figure + "_" + std::to_string(run + 1) + ".csv";
}

void remove_pictures(const Figure& figure) {
  for (const std::string_view extension : {".svg", ".png"}) {
    std::error_code ignored;
    std::filesystem::remove(figure.file(extension), ignored);
  }
}

void write_script(const Figure& figure, int height, std::string_view drawing) {
  remove_pictures(figure);
  std::string script = "# Draws " + figure.name + ".svg and " + figure.name +
                       ".png from the tables beside this file (gnuplot 5.4 or newer).\n";
  // The folder of the script becomes the working folder, so that the names in it hold.
  script +=
      "slash = 0\n"
      "do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { slash = i } }\n"
      "if (slash > 0) { cd ARG0[1:slash] }\n"
      "do for [format in 'svg png'] {\n"
      "reset\n"
      "set encoding utf8\n"
      "set datafile separator comma\n"
      "set datafile columnheaders\n";
  script += "if (format eq 'svg') {\n  set terminal svg size " + size_in_pixels(kFigureWidth, height) +
            " font 'sans-serif,15' background 'white'\n  symbol = 0.7\n} else {\n";
  script += "  set terminal pngcairo size " + size_in_pixels(2 * kFigureWidth, 2 * height) +
            " font 'sans,15' fontscale 1.5 linewidth 2 pointscale 2 dashlength 2 background 'white'\n  symbol = 1\n}\n";
  script += "set output '" + figure.name + ".'.format\n";
  script.append(drawing) += "unset output\n}\n";
  lamina::write_file(figure.file(".gp"), script);
}

}  // namespace study
