#include "study/run_folder/run_folder.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <utility>

#include <lamina/core/error.hpp>
#include <lamina/io/file.hpp>
#include <lamina/io/safetensors.hpp>
#include <lamina/training/checkpoint.hpp>

#include "study/text/text.hpp"
#include "study/text/text_file.hpp"

namespace study {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 8> kSummaryColumns{"epoch",    "lr",      "train_loss", "train_acc",
                                                          "val_loss", "val_acc", "seconds",    "images_per_second"};
constexpr std::array<std::string_view, 7> kGradientFlowColumns{"epoch",   "index",   "layer", "mean_abs",
                                                               "l2_norm", "max_abs", "kind"};
constexpr std::array<std::string_view, 3> kAverageColumns{"epoch", "val_loss", "val_acc"};
constexpr std::array<std::string_view, 3> kTestColumns{"test_loss", "test_acc", "best_epoch"};

/// The first epoch that has an average of the weights, from 1; none without one.
std::optional<lamina::Index> first_average(const Recipe& recipe) {
  return recipe.ema ? std::optional<lamina::Index>(1) : recipe.swa;
}

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

/// Refuses a run that would be the one that is asked for if it had as many epochs.
[[noreturn]] void refuse_epochs(const fs::path& file, lamina::Index planned, lamina::Index asked) {
  throw lamina::FileError(file.string(), "is of a run with --epochs " + std::to_string(planned) + ", not " +
                                             std::to_string(asked) +
                                             (asked > planned ? ": --extend lets it have more from here on"
                                                              : ": a run can be extended, but not cut short"));
}

/// Makes the configuration of a run that goes on from the one that was asked for.
/// @throws lamina::FileError  when the run is another one
Config going_on(const lamina::TensorFile& checkpoint, Config config) {
  const std::string& there = checkpoint.metadata().at("configuration");
  const lamina::Index asked = config.options.epochs;
  Plan plan = plan_of(there);
  config.extensions = plan.extensions;
  const std::string differs = difference(there, identity(config));
  if (differs.empty()) return config;
  config.options.epochs = plan.epochs;
  if (difference(there, identity(config)).empty()) {
    if (!config.options.extend || asked < plan.epochs) refuse_epochs(checkpoint.origin(), plan.epochs, asked);
    config.options.epochs = asked;
    const auto steps = number_from<lamina::Index>(checkpoint.metadata().at("steps"));
    config.extensions.push_back({.epochs = plan.epochs, .steps = steps.value_or(0)});
    return config;
  }
  throw lamina::FileError(checkpoint.origin().string(), "belongs to another run (" + differs + ")");
}

/// The checkpoint of a run to go on with, if there is one.
std::optional<lamina::TensorFile> find_checkpoint(const fs::path& file, const Config& config) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::nullopt;
  if (!config.options.resume) {
    throw lamina::FileError(file.parent_path().string(),
                            "holds a run already: --resume goes on with it; for a new one name another folder");
  }
  lamina::TensorFile checkpoint = lamina::read_safetensors(file);
  lamina::require_checkpoint(checkpoint);
  return checkpoint;
}

}  // namespace

RunFolder::RunFolder(Config config) : config_(std::move(config)), folder_(*config_.options.out) {
  std::vector<fs::path> made = make_folder(folder_);
  try {
    // The lock goes with a folder that was made, or stays: another program may already wait with it in its hands.
    lock_.emplace(folder_);
    if (!made.empty()) made.push_back(folder_ / ".lock");
    checkpoint_ = find_checkpoint(folder_ / "checkpoint.safetensors", config_);
    if (checkpoint_) {
      go_on();
    } else {
      begin(made);
    }
  } catch (...) {
    std::error_code ignored;
    for (; !made.empty(); made.pop_back()) fs::remove(made.back(), ignored);
    throw;
  }
}

void RunFolder::begin(std::vector<fs::path>& made) {
  std::error_code ignored;
  if (fs::exists(folder_ / "test_summary.csv", ignored)) {
    throw lamina::FileError(folder_.string(), "holds the results of a run without its checkpoint: name another folder");
  }
  fs::remove(folder_ / "best.safetensors", ignored);
  fs::remove(folder_ / "average_summary.csv", ignored);
  const auto path = [&](const char* name) {
    if (!fs::exists(folder_ / name, ignored)) made.push_back(folder_ / name);
    return folder_ / name;
  };
  lamina::write_file(path("config.json"), to_json(config_));
  summary_.emplace(path("summary.csv"), kSummaryColumns);
  gradient_flow_.emplace(path("gradient_flow.csv"), kGradientFlowColumns);
  for (const std::string_view name : EvidenceFiles::kNames) static_cast<void>(path(std::string(name).c_str()));
  evidence_.emplace(folder_);
  if (first_average(config_.options.recipe)) average_.emplace(path("average_summary.csv"), kAverageColumns);
}

/// An epoch whose rows were written, but not its checkpoint, is done again. All tables are looked at before any is
/// cut.
void RunFolder::go_on() {
  config_ = going_on(*checkpoint_, std::move(config_));
  const lamina::Index epochs = lamina::checkpoint_position(*checkpoint_).epoch;
  const auto done = [epochs](std::string_view epoch) {
    const lamina::Index number = number_from<lamina::Index>(epoch).value_or(0);
    return number >= 1 && number <= epochs;
  };
  const auto require_rows = [](const fs::path& file, std::size_t found, lamina::Index expected) {
    if (found == static_cast<std::size_t>(expected)) return;
    throw lamina::FileError(
        file.string(),
        "has " + std::to_string(found) + " rows of the epochs in the checkpoint, expected " + std::to_string(expected));
  };
  const fs::path summary = folder_ / "summary.csv";
  const fs::path flow = folder_ / "gradient_flow.csv";
  require_rows(summary, CsvFile<8>::rows_to_keep(summary, kSummaryColumns, done), epochs);
  require_rows(flow, CsvFile<7>::rows_to_keep(flow, kGradientFlowColumns, done), epochs * config_.parameter_tensors);
  EvidenceFiles::check(folder_, done);
  const fs::path average = folder_ / "average_summary.csv";
  const std::optional<lamina::Index> first = first_average(config_.options.recipe);
  if (first) {
    require_rows(average, CsvFile<3>::rows_to_keep(average, kAverageColumns, done),
                 std::max<lamina::Index>(epochs + 1 - *first, 0));
  }
  // Of a run that is extended, or was going to be: what was tested is no longer its end.
  const fs::path written = folder_ / "config.json";
  std::error_code ignored;
  const bool as_written =
      fs::exists(written, ignored) && plan_of(read_text_file(written)) == plan_of(identity(config_));
  if (!as_written) lamina::write_file(written, to_json(config_));
  if (epochs < config_.options.epochs) fs::remove(folder_ / "test_summary.csv", ignored);
  summary_.emplace(CsvFile<8>::continued(summary, kSummaryColumns, done));
  gradient_flow_.emplace(CsvFile<7>::continued(flow, kGradientFlowColumns, done));
  evidence_.emplace(folder_, done);
  if (first) average_.emplace(CsvFile<3>::continued(average, kAverageColumns, done));
}

void RunFolder::on_epoch(const lamina::EpochReport& report) {
  summary_->add(report.epoch, report.learning_rate, report.training.loss, report.training.accuracy,
                report.validation.loss, report.validation.accuracy, report.seconds, report.images_per_second);
  summary_->write();
  for (std::size_t i = 0; i < report.gradient_flow.size(); ++i) {
    const lamina::TensorFlow& tensor = report.gradient_flow[i];
    gradient_flow_->add(report.epoch, i, tensor.name.view(), tensor.mean_abs, tensor.l2_norm, tensor.max_abs,
                        tensor.kind);
  }
  gradient_flow_->write();
  evidence_->add(report.evidence);
  if (average_ && report.averaged) {
    average_->add(report.epoch, report.averaged->loss, report.averaged->accuracy);
    average_->write();
    average_->sync();
  }
  // The checkpoint that follows must not be on the disk before the rows it takes for granted.
  summary_->sync();
  gradient_flow_->sync();
}

void RunFolder::on_test(const lamina::TestReport& report) {
  lamina::write_file(folder_ / "test_summary.csv",
                     csv_row(kTestColumns, report.test.loss, report.test.accuracy, report.best_epoch));
}

}  // namespace study
