#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include <lamina/core/description.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/io/model_file.hpp>
#include <lamina/io/safetensors.hpp>
#include <lamina/training/checkpoint.hpp>
#include <lamina/training/observer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// When a Checkpointer writes, besides at the end of every epoch.
struct CheckpointerOptions {
  Index steps = 0;     ///< after so many batches of an epoch; 0 for never
  double minutes = 0;  ///< so long after the last time; 0 for never
  /// What best.safetensors says besides: classifier_metadata() makes it a file for load_classifier().
  std::map<std::string, std::string> metadata{};
};

/// Writes what a training run can be continued from into a folder: checkpoint.safetensors (checkpoint.hpp), the latest,
/// and best.safetensors, the model of the best epoch. Each is complete or as it was before, whatever happens.
/// @tparam Trainer  a lamina::Trainer
template <class Trainer>
class Checkpointer : public TrainingObserver {
 public:
  /// @param trainer        must outlive this object, which it observes
  /// @param configuration  as for to_checkpoint()
  Checkpointer(const Trainer& trainer, std::filesystem::path folder, std::string configuration,
               const CheckpointerOptions& options = {})
      : trainer_(trainer), folder_(std::move(folder)), configuration_(std::move(configuration)), options_(options) {}

  /// Writes the checkpoint now.
  /// @throws FileError when it cannot be written; the last one is then as before
  void write() {
    write_safetensors(folder_ / "checkpoint.safetensors", to_checkpoint(trainer_, configuration_));
    written_ = Clock::now();
  }

  void on_step(const StepReport& report) override {
    // The last batch of an epoch is followed by its end.
    if (report.step == report.steps) return;
    const bool batch_due = options_.steps > 0 && report.step % options_.steps == 0;
    const std::chrono::duration<double, std::ratio<60>> passed = Clock::now() - written_;
    if (batch_due || (options_.minutes > 0 && passed.count() >= options_.minutes)) write();
  }

  void on_epoch(const EpochReport& report) override {
    if (report.best) write_best(report);
    write();
  }

 private:
  using Clock = std::chrono::steady_clock;

  void write_best(const EpochReport& report) const {
    std::map<std::string, std::string> metadata{{"configuration", configuration_},
                                                {"epoch", std::to_string(report.epoch)}};
    const double accuracy = report.averaged.value_or(report.validation).accuracy;
    if (is_finite(accuracy)) metadata.emplace("validation_accuracy", to_digits(accuracy));  // NaN without labels
    metadata.insert(options_.metadata.begin(), options_.metadata.end());
    save_model(folder_ / "best.safetensors", trainer_.best_model(), metadata);
  }

  const Trainer& trainer_;
  std::filesystem::path folder_;
  std::string configuration_;
  CheckpointerOptions options_;
  Clock::time_point written_ = Clock::now();
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
