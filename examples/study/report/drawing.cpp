#include "study/report/drawing.hpp"

#include <array>
#include <exception>
#include <system_error>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/io/file.hpp>

#include "study/figures/figure.hpp"
#include "study/figures/gnuplot.hpp"
#include "study/figures/gradient_flow_comparison.hpp"
#include "study/figures/gradient_flow_figure.hpp"
#include "study/figures/gradient_flow_map.hpp"
#include "study/figures/training_curves.hpp"
#include "study/report/report.hpp"
#include "study/run_folder/run.hpp"

namespace study {

namespace {

namespace fs = std::filesystem;

fs::path make_figures_folder(const fs::path& out) {
  const fs::path folder = out / "figures";
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw lamina::FileError(folder.string(), "cannot make the folder: " + error.message());
  return folder;
}

void draw(const fs::path& gnuplot, const Figure& figure) {
  try {
    run_gnuplot(gnuplot, figure.file(".gp"));
  } catch (...) {
    remove_pictures(figure);
    throw;
  }
}

/// Lets gnuplot, where it is there, draw the figures.
/// @return  what was drawn, or how to draw it
std::string render(std::span<const Figure> figures) {
  const auto gnuplot = find_gnuplot();
  std::string files;
  std::string commands;
  for (const Figure& figure : figures) {
    if (gnuplot) draw(*gnuplot, figure);
    files += (files.empty() ? "" : " and ") + figure.file(".svg").string();
    commands += (commands.empty() ? "" : " && ") + gnuplot_command(figure.file(".gp"));
  }
  return gnuplot ? "Figures: " + files + " (and as .png)"
                 : "Figures are not drawn, as gnuplot is not installed. Later: " + commands;
}

}  // namespace

std::string draw_run(const fs::path& folder, const fs::path& out) {
  const Run run = read_run(folder);
  const fs::path place = make_figures_folder(out);
  const std::array figures{write_training_curves({&run, 1}, place), write_gradient_flow(run, place),
                           write_gradient_flow_map(run, place)};
  const fs::path report = out / "report.html";
  std::string sentence;
  try {
    sentence = render(figures);
  } catch (...) {
    lamina::write_file(report, html_report(run, figures));
    throw;
  }
  lamina::write_file(report, html_report(run, figures));
  return sentence + ". Report: " + report.string();
}

std::string draw_comparison(std::span<const fs::path> folders, const fs::path& out) {
  lamina::require(!folders.empty(), "a comparison needs a run");
  std::vector<Run> runs;
  for (const fs::path& folder : folders) runs.push_back(read_run(folder));
  const fs::path place = make_figures_folder(out);
  return render(std::array{write_training_curves(runs, place), write_gradient_flows(runs, place)}) + ".";
}

}  // namespace study
