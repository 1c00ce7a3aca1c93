#include "run_folder.hpp"

#include <array>
#include <system_error>

#include <lamina/core/error.hpp>
#include <lamina/io/file.hpp>

namespace study {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 8> kSummaryColumns{"epoch",    "lr",      "train_loss", "train_acc",
                                                          "val_loss", "val_acc", "seconds",    "images_per_second"};
constexpr std::array<std::string_view, 6> kGradientFlowColumns{"epoch",    "index",   "layer",
                                                               "mean_abs", "l2_norm", "max_abs"};
constexpr std::array<std::string_view, 3> kTestColumns{"test_loss", "test_acc", "best_epoch"};

/// Makes a folder and those above it, and says which were not there before, the outermost first.
std::vector<fs::path> make_folder(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> made;
  for (fs::path path = folder; !path.empty() && !fs::exists(path, error); path = path.parent_path()) {
    made.insert(made.begin(), path);
  }
  fs::create_directories(folder, error);
  if (error) throw lamina::FileError(folder.string(), "cannot make the folder: " + error.message());
  return made;
}

}  // namespace

RunFolder::RunFolder(const fs::path& folder, std::string_view config) : folder_(folder) {
  std::vector<fs::path> made = make_folder(folder_);
  try {
    open(config, made);
  } catch (...) {
    std::error_code ignored;
    for (; !made.empty(); made.pop_back()) fs::remove(made.back(), ignored);
    throw;
  }
}

void RunFolder::open(std::string_view config, std::vector<fs::path>& made) {
  lamina::write_file(folder_ / "config.json", config);
  made.push_back(folder_ / "config.json");
  summary_.emplace(folder_ / "summary.csv", kSummaryColumns);
  made.push_back(folder_ / "summary.csv");
  gradient_flow_.emplace(folder_ / "gradient_flow.csv", kGradientFlowColumns);
  // The figure of an earlier run would look like this run's.
  std::error_code ignored;
  fs::remove(folder_ / "test_summary.csv", ignored);
}

void RunFolder::on_epoch(const lamina::EpochReport& report) {
  summary_->add(report.epoch, report.learning_rate, report.training.loss, report.training.accuracy,
                report.validation.loss, report.validation.accuracy, report.seconds, report.images_per_second);
  summary_->write();
  for (std::size_t i = 0; i < report.gradient_flow.size(); ++i) {
    const lamina::TensorFlow& tensor = report.gradient_flow[i];
    gradient_flow_->add(report.epoch, i, tensor.name.view(), tensor.mean_abs, tensor.l2_norm, tensor.max_abs);
  }
  gradient_flow_->write();
}

void RunFolder::on_test(const lamina::TestReport& report) {
  lamina::CsvFile file(folder_ / "test_summary.csv", kTestColumns);
  file.add(report.test.loss, report.test.accuracy, report.best_epoch);
  file.write();
}

}  // namespace study
