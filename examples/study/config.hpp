#pragma once

#include <string>
#include <vector>

#include <lamina/core/shape.hpp>
#include <lamina/core/team.hpp>

#include "data.hpp"
#include "options.hpp"

namespace study {

/// All that decides what a run does.
struct Config {
  Options options;
  std::string data;
  lamina::Normalization normalization;
  lamina::Index parameters = 0;
  lamina::Index training_images = 0;
  lamina::Index validation_images = 0;
  lamina::Index test_images = 0;
  int threads = 0;
};

[[nodiscard]] Config describe(const Options& options, const Data& data, const lamina::Team& team,
                              lamina::Index parameters);

/// As the text of config.json.
[[nodiscard]] std::string to_json(const Config& config);

/// As a table for the terminal.
[[nodiscard]] std::string to_table(const Config& config);

}  // namespace study
