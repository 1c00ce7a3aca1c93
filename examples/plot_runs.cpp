/// Draws the training curves and the gradient flow of runs of train_cifar100, one over the other:
///
///     plot_runs runs/vgg08 runs/vgg38-bn-rc --out runs/comparison
///
/// The figures themselves are in study/figures/.
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <cxxopts.hpp>

#include "study/command_line/options.hpp"
#include "study/command_line/program.hpp"
#include "study/report/drawing.hpp"

using namespace study;

namespace {

cxxopts::Options command_line() {
  cxxopts::Options options("plot_runs", "Draws figures of runs that train_cifar100 has written with --out.");
  options.add_options()                                                                                       //
      ("out", "folder for figures/ and, of a single run, report.html", cxxopts::value<std::string>(), "DIR")  //
      ("help", "print this and exit");
  options.custom_help("RUN... --out DIR");
  return options;
}

int run(int argc, const char* const* argv) {
  cxxopts::Options definition = command_line();
  const cxxopts::ParseResult flags = parse(definition, argc, argv);
  if (flags.count("help") > 0) {
    std::cout << definition.help();
  } else {
    // Not as an option of their own: cxxopts would cut names at commas.
    const std::vector<std::string>& names = flags.unmatched();
    if (names.empty()) throw UsageError("the folder of a run is missing");
    if (flags.count("out") == 0) throw UsageError("--out is missing");
    const std::vector<std::filesystem::path> runs(names.begin(), names.end());
    const std::filesystem::path out = flags["out"].as<std::string>();
    std::cout << (runs.size() == 1 ? draw_run(runs[0], out) : draw_comparison(runs, out)) << "\n";
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("plot_runs", [&] { return run(argc, argv); });
}
