#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "study/run_folder/run.hpp"

namespace study {

/// What the study reports of one network at the end of 100 epochs; accuracies are fractions.
struct ReportedRow {
  std::string_view model;
  std::string_view learning_rate;  ///< as on a command line
  double train_loss = 0;
  double train_accuracy = 0;
  double validation_loss = 0;
  double validation_accuracy = 0;

  /// "vgg38-bn-lr-1e-2": the name of the run's folder.
  [[nodiscard]] std::string name() const { return std::string(model).append("-lr-").append(learning_rate); }
};

/// Table 1 of the study.
inline constexpr std::array kTable1{ReportedRow{"vgg08", "1e-3", 1.74, 0.5159, 1.95, 0.4684},
                                    ReportedRow{"vgg38", "1e-3", 4.61, 0.01, 4.61, 0.01},
                                    ReportedRow{"vgg38-bn", "1e-3", 1.91, 0.4713, 2.14, 0.4276},
                                    ReportedRow{"vgg38-rc", "1e-3", 1.33, 0.6152, 1.84, 0.5232},
                                    ReportedRow{"vgg38-bn-rc", "1e-3", 1.26, 0.6299, 1.73, 0.5376},
                                    ReportedRow{"vgg38-bn", "1e-2", 1.70, 0.5228, 1.99, 0.4672},
                                    ReportedRow{"vgg38-bn-rc", "1e-2", 1.02, 0.6932, 1.72, 0.5620}};
/// What it reports on the test images, of the last of these networks.
inline constexpr double kReportedTestAccuracy = 0.5718;

/// The rows of these names, or all where there are none.
/// @throws lamina::ArgumentError  for a name that is not in the table
[[nodiscard]] std::vector<ReportedRow> table1_rows(std::span<const std::string> names);

/// A row and the run that repeats it, as far as it has come.
struct RepeatedRow {
  ReportedRow reported;
  std::optional<Run> run;  ///< none before its first epoch is done
};

/// Runs beside what is reported, as a page of Markdown.
/// @param command  that made the runs
/// @throws lamina::ArgumentError  when no row has a run
[[nodiscard]] std::string table1_page(std::span<const RepeatedRow> rows, const std::string& command);

/// Draws what figures 1 to 5 of the study show, and all runs over each other, as far as the runs are there:
/// OUT/figures/<what it shows>.svg and .png, copies of what the folders of the runs and of comparisons hold.
/// @pre  a row has a run
/// @return  a sentence for the terminal
std::string draw_table1(std::span<const RepeatedRow> rows, const std::filesystem::path& out);

}  // namespace study
