#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <lamina/core/shape.hpp>
#include <lamina/diagnostics/gradient_flow.hpp>

namespace study {

/// A row of summary.csv; accuracies are fractions.
struct EpochRow {
  lamina::Index epoch = 0;  ///< from 1
  double learning_rate = 0;
  double train_loss = 0;
  double train_accuracy = 0;
  double validation_loss = 0;
  double validation_accuracy = 0;
  double seconds = 0;
};

/// A row of average_summary.csv: an epoch whose average of the weights was validated.
struct AverageRow {
  lamina::Index epoch = 0;
  double validation_accuracy = 0;
};

/// The best epoch of a run, by the accuracy that the training chose it by.
struct BestEpoch {
  lamina::Index epoch = 0;
  double validation_accuracy = 0;  ///< of the average of the weights where there is one, else of the weights
};

/// The rows of gradient_flow.csv for one epoch: all parameter tensors, input first.
struct EpochFlow {
  lamina::Index epoch = 0;
  std::vector<lamina::TensorFlow> tensors;
};

/// The row of test_summary.csv.
struct TestRow {
  double loss = 0;
  double accuracy = 0;
  lamina::Index best_epoch = 0;
};

/// What a run has written into its folder so far.
struct Run {
  std::string name;  ///< of the folder
  nlohmann::ordered_json config;
  std::string model;         ///< from config
  double learning_rate = 0;  ///< from config
  std::vector<EpochRow> epochs;
  std::vector<AverageRow> averages;  ///< none where the weights are not averaged, or not yet
  std::vector<EpochFlow> flow;
  std::optional<TestRow> test;  ///< none while the run goes on

  /// "vgg38-bn-rc, learning rate 0.01", and what else is not as in the study: ", lamb, weight decay 0.0001".
  [[nodiscard]] std::string title() const;
  /// The epoch with the highest validation accuracy, the first of equal ones: as in training, that of the average of
  /// the weights in epochs that have one.
  [[nodiscard]] BestEpoch best() const;
};

/// Whether a folder holds a run that has finished an epoch.
/// @throws lamina::FileError  a file that is broken
[[nodiscard]] bool has_finished_epoch(const std::filesystem::path& folder);

/// Reads the folder of a run that has finished an epoch at least.
/// @throws lamina::FileError  a file that is missing or broken, no finished epoch
[[nodiscard]] Run read_run(const std::filesystem::path& folder);

}  // namespace study
