#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <lamina/core/shape.hpp>
#include <lamina/core/team.hpp>
#include <lamina/layers/segment.hpp>

#include "study/command_line/options.hpp"
#include "study/setup/data.hpp"

namespace study {

/// All that decides what a run does, and the sizes that follow from it.
struct Config {
  Options options;
  std::string data;
  std::uint64_t data_fingerprint = 0;  ///< of all images
  lamina::Normalization normalization;
  lamina::Index parameters = 0;
  lamina::Index parameter_tensors = 0;
  lamina::Index training_images = 0;
  lamina::Index validation_images = 0;
  lamina::Index test_images = 0;
  int threads = 0;
};

[[nodiscard]] Config describe(const Options& options, const Data& data, const lamina::Team& team,
                              std::span<const lamina::Segment> parameters);

/// As the text of config.json.
[[nodiscard]] std::string to_json(const Config& config);

/// What of it decides the results: not the threads, nor where the images lie. In JSON.
[[nodiscard]] std::string identity(const Config& config);

/// Says in what two identities differ: "lr: 0.001 there, 0.01 here; seed: ..."; empty where they are the same.
[[nodiscard]] std::string difference(const std::string& there, const std::string& here);

/// The same of the text of a config.json and a command line, without looking at images.
[[nodiscard]] std::string flag_difference(const std::string& config, const Options& options);

/// As a table for the terminal.
[[nodiscard]] std::string to_table(const Config& config);

}  // namespace study
