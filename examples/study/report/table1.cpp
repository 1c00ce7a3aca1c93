#include "study/report/table1.hpp"

#include <algorithm>
#include <system_error>

#include <lamina/core/error.hpp>

#include "study/figures/gnuplot.hpp"
#include "study/report/drawing.hpp"
#include "study/text/text.hpp"

namespace study {

namespace {

namespace fs = std::filesystem;

std::string with_sign(double value, int digits) {
  const std::string text = fixed(value, digits);
  const bool zero = text.find_first_not_of("-0.") == text.npos;  // no "-0.00"
  return zero ? fixed(0, digits) : (value < 0 ? "" : "+") + text;
}

/// "1.75 / 1.74 (+0.01)".
std::string beside(double ours, double reported) {
  return fixed(ours, 2) + " / " + fixed(reported, 2) + " (" + with_sign(ours - reported, 2) + ")";
}
std::string beside_percent(double ours, double reported) { return beside(100 * ours, 100 * reported); }

double total_seconds(const Run& run) {
  double seconds = 0;
  for (const EpochRow& epoch : run.epochs) seconds += epoch.seconds;
  return seconds;
}

/// "100", or "37 of 100" of a run that goes on.
std::string epochs_done(const Run& run) {
  const std::string done = std::to_string(run.epochs.size());
  const std::string planned = run.config.at("epochs").dump();
  return done == planned ? done : done + " of " + planned;
}

/// The cells behind the learning rate.
std::vector<std::string> results(const ReportedRow& reported, const Run& run) {
  const EpochRow& last = run.epochs.back();
  const bool test_reported = reported.name() == kTable1.back().name();
  std::string test = run.test ? fixed(100 * run.test->accuracy, 2) : "";
  if (run.test && test_reported) test = beside_percent(run.test->accuracy, kReportedTestAccuracy);
  return {epochs_done(run),
          beside(last.train_loss, reported.train_loss),
          beside_percent(last.train_accuracy, reported.train_accuracy),
          beside(last.validation_loss, reported.validation_loss),
          beside_percent(last.validation_accuracy, reported.validation_accuracy),
          test,
          clock_time(total_seconds(run))};
}

std::string table_row(const RepeatedRow& row) {
  std::vector<std::string> cells{std::string(row.reported.model), std::string(row.reported.learning_rate)};
  const auto others = row.run ? results(row.reported, *row.run) : std::vector<std::string>{"0", "", "", "", "", "", ""};
  cells.insert(cells.end(), others.begin(), others.end());
  std::string text = "|";
  for (const std::string& cell : cells) text.append(" ").append(cell).append(cell.empty() ? "|" : " |");
  return text + "\n";
}

/// The time of all rows, where there are several.
std::string time_together(std::span<const RepeatedRow> rows) {
  double seconds = 0;
  for (const RepeatedRow& row : rows) seconds += row.run ? total_seconds(*row.run) : 0;
  return rows.size() == 1 ? "" : "\nTogether " + clock_time(seconds) + ".\n";
}

std::string number_of(const nlohmann::ordered_json& config, const char* key) {
  return grouped(config.at(key).get<lamina::Index>());
}

/// Copies a figure in both formats, if it was drawn.
void copy_figure(const fs::path& from, const fs::path& to) {
  for (const char* extension : {".svg", ".png"}) {
    const fs::path file = from.string() + extension;
    if (!fs::exists(file)) continue;
    std::error_code error;
    fs::copy_file(file, to.string() + extension, fs::copy_options::overwrite_existing, error);
    if (error) throw lamina::FileError(to.string() + extension, "cannot be written: " + error.message());
  }
}

}  // namespace

std::vector<ReportedRow> table1_rows(std::span<const std::string> names) {
  if (names.empty()) return {kTable1.begin(), kTable1.end()};
  std::vector<ReportedRow> rows;
  for (const std::string& name : names) {
    const auto* const found = std::ranges::find(kTable1, name, &ReportedRow::name);
    std::string known;
    for (const ReportedRow& row : kTable1) known += (known.empty() ? "" : ", ") + row.name();
    lamina::require(found != kTable1.end(), "table 1 has no row '" + name + "', expected some of: " + known);
    rows.push_back(*found);
  }
  return rows;
}

std::string table1_page(std::span<const RepeatedRow> rows, const std::string& command) {
  const auto begun = std::ranges::find_if(rows, [](const RepeatedRow& row) { return row.run.has_value(); });
  lamina::require(begun != rows.end(), "table 1 needs a run that has finished an epoch");
  const nlohmann::ordered_json& config = begun->run->config;
  std::string page = "# Table 1\n\n    " + command + "\n\n" + number_of(config, "epochs") +
                     (config.at("epochs") == 1 ? " epoch of " : " epochs of ") + number_of(config, "training_images") +
                     " images, validated on " + number_of(config, "validation_images") + ", seed " +
                     config.at("seed").dump() + ".\n";
  page +=
      "\"a / b (c)\": a is ours after the last of the epochs that are done, b the study's after 100 epochs of 47,500 "
      "images, c the difference. Accuracies in percent; the test's is that of the epoch with the best validation "
      "accuracy.\n\n";
  page +=
      "| network | learning rate | epochs | training loss | training accuracy | validation loss | validation accuracy "
      "| "
      "test accuracy | time |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
  for (const RepeatedRow& row : rows) page += table_row(row);
  return page + time_together(rows);
}

std::string draw_table1(std::span<const RepeatedRow> rows, const fs::path& out) {
  std::vector<fs::path> all;
  std::vector<fs::path> plain;
  std::string sentence;
  for (const RepeatedRow& row : rows) {
    if (!row.run) continue;
    all.push_back(out / row.reported.name());
    if (row.reported.model == "vgg08" || row.reported.model == "vgg38") plain.push_back(all.back());
    sentence = draw_run(all.back());
  }
  fs::create_directories(out / "figures");
  draw_comparison(all, out / "comparisons" / "all");
  copy_figure(out / "comparisons" / "all" / "figures" / "training_curves", out / "figures" / "training_curves_of_all");
  copy_figure(out / "comparisons" / "all" / "figures" / "gradient_flow", out / "figures" / "gradient_flow_of_all");
  if (!plain.empty()) {
    draw_comparison(plain, out / "comparisons" / "vgg08_and_vgg38");
    copy_figure(out / "comparisons" / "vgg08_and_vgg38" / "figures" / "training_curves",
                out / "figures" / "training_curves_of_vgg08_and_vgg38");
  }
  for (const char* name : {"vgg08-lr-1e-3", "vgg38-lr-1e-3", "vgg38-bn-rc-lr-1e-2"}) {
    for (const std::string figure : {"gradient_flow", "gradient_flow_map"}) {
      copy_figure(out / name / "figures" / figure, out / "figures" / (figure + "_of_" + name));
    }
  }
  copy_figure(out / "vgg38-bn-rc-lr-1e-2" / "figures" / "training_curves",
              out / "figures" / "training_curves_of_vgg38-bn-rc-lr-1e-2");
  return find_gnuplot() ? "Figures: " + (out / "figures").string() : sentence;
}

}  // namespace study
