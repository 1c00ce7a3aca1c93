#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace study {

/// A figure in its folder: tables and a gnuplot script beside them that draws NAME.svg and NAME.png from them, wherever
/// it is called from and wherever the folder has been moved.
struct Figure {
  std::filesystem::path folder;
  std::string name;     ///< of its files: "training_curves"
  std::string caption;  ///< what it shows, in plain text

  /// "training_curves.gp" for ".gp", in its folder.
  [[nodiscard]] std::filesystem::path file(std::string_view extension) const {
    return folder / (name + std::string(extension));
  }
};

/// "gradient_flow_2.csv" for the second of several runs, "gradient_flow.csv" for the only one.
[[nodiscard]] std::string table_name(const std::string& figure, std::size_t run, std::size_t runs);

/// Removes the pictures of an earlier script, or what a script that failed has left of them.
void remove_pictures(const Figure& figure);

/// Writes the script of a figure, and removes its pictures.
/// @param height   in pixels
/// @param drawing  commands that draw it in a terminal that is set, once for each format; `symbol` is the factor that
///                 makes its symbols as large in one as in the other
/// @throws lamina::FileError  when it cannot be written
void write_script(const Figure& figure, int height, std::string_view drawing);

}  // namespace study
