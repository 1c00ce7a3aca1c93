#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <lamina/lamina.hpp>

#include "networks.hpp"
#include "timing.hpp"

/// @file
/// What bench_step measures. Each table of networks is compiled in a source file of its own (step_*.cpp), so that they
/// compile side by side.

namespace lamina::bench {

enum class Mode { train, infer };

struct StepOptions {
  std::string model;
  Index batch_size = 100;
  int threads = 0;  ///< 0: all cores
  int steps = 10;
  Mode mode = Mode::train;
  Index evidence_interval = 8;  ///< one training step of so many is measured for the evidence; 0 for none
};

struct StepMeasurement {
  std::vector<double> times;  ///< in milliseconds and ascending order
  Index parameters = 0;
  Index multiply_adds = 0;  ///< of one image's forward pass by direct convolution
};

/// The times of so many steps, with the team standing by for all of them as it does in a Trainer's epoch.
template <class Step>
[[nodiscard]] std::vector<double> time_together(const Team& team, int steps, const Step& step) {
  std::vector<double> times;
  team.together([&] { times = time_steps(steps, step); });
  return times;
}

/// The times of training steps, or of inferences with a frozen model, on random images.
template <class Network>
[[nodiscard]] std::vector<double> time_network(const StepOptions& options) {
  RandomStream random(0, RandomPurpose::test);
  Tensor<float> images(options.batch_size, Network::input_shape);
  for (Index i = 0; i < images.size(); ++i) images[i] = static_cast<float>(random.normal());
  std::vector<Label> labels(static_cast<std::size_t>(options.batch_size));
  for (auto& label : labels) label = static_cast<Label>(random.below(Network::output_shape.channels));

  const Team team(options.threads);
  Model<Network> model;
  if (options.mode == Mode::infer) {
    const auto frozen = freeze(model);
    FrozenWorkspace<Network> workspace(options.batch_size, team);
    return time_together(team, options.steps, [&] { frozen.infer(workspace, images.view()); });
  }
  TrainingStep step(model, Adam<float>(Network::parameter_count), options.batch_size, team, SoftmaxCrossEntropy{},
                    {.evidence_interval = options.evidence_interval});
  return time_together(team, options.steps, [&] { step(images.view(), labels, 1e-3); });
}

/// Measures the network that the options name, if it is in the table.
/// @tparam Table  a tuple of NamedNetwork
template <const auto& Table>
[[nodiscard]] std::optional<StepMeasurement> measure_one_of(const StepOptions& options) {
  std::optional<StepMeasurement> measurement;
  visit_if_named(Table, options.model, [&]<class Network>(const NamedNetwork<Network>&) {
    measurement = {time_network<Network>(options), Network::parameter_count, Network::multiply_adds};
  });
  return measurement;
}

extern template std::optional<StepMeasurement> measure_one_of<kVggNetworks>(const StepOptions&);
extern template std::optional<StepMeasurement> measure_one_of<kUserNetworks>(const StepOptions&);

}  // namespace lamina::bench
