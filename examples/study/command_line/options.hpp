#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include <lamina/core/shape.hpp>

#include "study/command_line/recipe.hpp"

namespace study {

/// What a user asked for on the command line.
struct Options {
  std::string model;
  std::optional<std::filesystem::path> data;
  lamina::Index epochs = 100;
  lamina::Index batch_size = 100;
  double learning_rate = 1e-3;
  double minimum_learning_rate = 2e-5;
  double weight_decay = 0;
  double label_smoothing = 0;
  std::string initialization = "default";  ///< or he
  std::optional<double> clip_norm;
  std::optional<std::filesystem::path> weights;  ///< the file to start from; none for random weights
  Recipe recipe;
  std::string prefix;  ///< of the names in a file of weights
  std::uint64_t seed = 0;
  int threads = 0;  ///< 0 when not given: as many as OpenMP takes
  std::optional<std::filesystem::path> out;
  std::optional<lamina::Index> limit;
  bool resume = false;
  bool extend = false;  ///< whether a run that is resumed may have more epochs from now on
  double checkpoint_minutes = 10;
  lamina::Index checkpoint_steps = 0;  ///< 0 for none within an epoch but for the minutes
  bool stop_on_failure = false;        ///< whether a run in trouble ends
  bool progress = true;
  bool summary = false;
  std::optional<std::filesystem::path> evaluated;  ///< the file of weights to measure instead of training
  bool per_class = false;
  std::string help;  ///< the text to print instead of anything else, when it was asked for
};

/// A command line that makes no sense; what() is one line.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// @throws UsageError  an unknown flag or model, a value out of its range
[[nodiscard]] Options parse_options(int argc, const char* const* argv);

}  // namespace study
