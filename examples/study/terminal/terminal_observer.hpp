#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <lamina/training/observer.hpp>
#include <lamina/training/trouble_watch.hpp>

#include "study/terminal/progress_line.hpp"

namespace study {

/// Shows a training run on standard output: a line an epoch, a progress bar below it that is drawn anew in place, and
/// at the end the gradient flow and the test result. Without bars, long work says now and then how far it has come.
class TerminalObserver : public lamina::TrainingObserver {
 public:
  /// @param bars  whether lines may be drawn over
  explicit TerminalObserver(bool bars) : bars_(bars) {}

  void on_step(const lamina::StepReport& report) override;
  void on_evaluation(const lamina::EvaluationReport& report) override;
  void on_epoch(const lamina::EpochReport& report) override;
  void on_test(const lamina::TestReport& report) override;
  /// Says what is wrong with the training, on a line of its own.
  void warn(const lamina::Trouble& trouble);
  /// Says why training ends early, in the place of the bar.
  void stop(std::string_view reason);

 private:
  using Clock = std::chrono::steady_clock;

  void show(const Progress& progress);
  void clear();

  bool bars_;
  Clock::time_point shown_ = Clock::now();
  bool has_header_ = false;
  std::string epoch_title_;
  std::vector<lamina::TensorFlow> gradient_flow_;  // of the last epoch; empty where another program ran it
};

}  // namespace study
