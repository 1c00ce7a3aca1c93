#pragma once

#include <span>
#include <string>
#include <utility>
#include <variant>

#include <lamina/layers/segment.hpp>
#include <lamina/optimizers/adam.hpp>
#include <lamina/optimizers/lamb.hpp>

#include "study/command_line/options.hpp"

namespace study {

/// The optimiser of the command line: one type whichever it is, so that the trainer of a network is compiled once.
class ChosenOptimizer {
 public:
  using Scalar = float;

  ChosenOptimizer(lamina::Adam<float> adam) : choice_(std::move(adam)) {}  // NOLINT(google-explicit-constructor)
  ChosenOptimizer(lamina::Lamb<float> lamb) : choice_(std::move(lamb)) {}  // NOLINT(google-explicit-constructor)

  void step(std::span<float> parameters, std::span<const float> gradients, double learning_rate,
            const lamina::Team& team) {
    std::visit([&](auto& optimizer) { optimizer.step(parameters, gradients, learning_rate, team); }, choice_);
  }
  [[nodiscard]] lamina::Index steps() const {
    return std::visit([](const auto& optimizer) { return optimizer.steps(); }, choice_);
  }
  [[nodiscard]] std::span<const float> state() const {
    return std::visit([](const auto& optimizer) { return optimizer.state(); }, choice_);
  }
  [[nodiscard]] std::string description() const {
    return std::visit([](const auto& optimizer) { return optimizer.description(); }, choice_);
  }
  void restore(const lamina::OptimizerState<float>& state) {
    std::visit([&](auto& optimizer) { optimizer.restore(state); }, choice_);
  }

 private:
  std::variant<lamina::Adam<float>, lamina::Lamb<float>> choice_;
};

static_assert(lamina::Optimizer<ChosenOptimizer>);

/// @param tensors  Network::parameters
[[nodiscard]] inline ChosenOptimizer make_optimizer(const Options& options, std::span<const lamina::Segment> tensors) {
  if (options.optimizer == "lamb") return lamina::Lamb<float>(tensors, {.weight_decay = options.weight_decay});
  lamina::Index parameters = 0;
  for (const lamina::Segment& tensor : tensors) parameters += tensor.size();
  return lamina::Adam<float>(parameters, {.weight_decay = options.weight_decay});
}

}  // namespace study
