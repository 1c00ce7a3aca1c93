#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/shape.hpp>
#include <lamina/core/team.hpp>
#include <lamina/layers/segment.hpp>

#include "study/command_line/options.hpp"
#include "study/setup/data.hpp"

namespace study {

/// That a run was given more epochs than it had.
struct Extension {
  lamina::Index epochs = 0;  ///< that it had before
  lamina::Index steps = 0;   ///< that were done by then

  [[nodiscard]] bool operator==(const Extension&) const = default;
};

/// How many epochs a run has, and how it came to them. A learning rate falls over all epochs that are planned at the
/// time, so a run that was extended is another than one that was begun with as many epochs.
struct Plan {
  lamina::Index epochs = 0;
  std::vector<Extension> extensions;  ///< the first one first

  [[nodiscard]] bool operator==(const Plan&) const = default;
};

/// All that decides what a run does, and the sizes that follow from it.
struct Config {
  Options options;
  std::vector<Extension> extensions;                 ///< of the run that goes on
  std::optional<std::uint64_t> weights_fingerprint;  ///< of the weights that it starts from; none for random ones
  std::optional<std::uint64_t> teacher_fingerprint;  ///< of the network that it learns from, if it does
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

/// The networks that a run begins with, by what tells them apart (Config).
struct Fingerprints {
  std::optional<std::uint64_t> weights;
  std::optional<std::uint64_t> teacher;
};

/// The configuration of a run that is not extended.
[[nodiscard]] Config describe(const Options& options, const Data& data, const lamina::Team& team,
                              std::span<const lamina::Segment> parameters, const Fingerprints& fingerprints);

/// As the text of config.json.
[[nodiscard]] std::string to_json(const Config& config);

/// What of it decides the results: not the threads, nor where the images lie. In JSON.
[[nodiscard]] std::string identity(const Config& config);

/// The plan in the text of an identity or a config.json; no epochs where it cannot be read.
[[nodiscard]] Plan plan_of(const std::string& json);

/// Says in what two identities differ: "lr: 0.001 there, 0.01 here; seed: ..."; empty where they are the same.
[[nodiscard]] std::string difference(const std::string& there, const std::string& here);

/// The same of the text of a config.json and a command line, without looking at images or weights.
[[nodiscard]] std::string flag_difference(const std::string& config, const Options& options);

/// As a table for the terminal.
[[nodiscard]] std::string to_table(const Config& config);

}  // namespace study
