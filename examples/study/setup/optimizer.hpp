#pragma once

#include <span>
#include <string>
#include <utility>
#include <variant>

#include <lamina/layers/segment.hpp>
#include <lamina/optimizers/adam.hpp>
#include <lamina/optimizers/lamb.hpp>
#include <lamina/optimizers/parameter_rules.hpp>
#include <lamina/optimizers/sgd.hpp>

#include "study/command_line/options.hpp"

namespace study {

/// The optimiser of the command line: one type whichever it is, so that the trainer of a network is compiled once.
class ChosenOptimizer {
 public:
  using Scalar = float;
  using Choice = std::variant<lamina::Adam<float>, lamina::AdamW<float>, lamina::Sgd<float>, lamina::Lamb<float>>;

  explicit ChosenOptimizer(Choice choice) : choice_(std::move(choice)) {}

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
  Choice choice_;
};

static_assert(lamina::Optimizer<ChosenOptimizer>);

/// @param tensors  Network::parameters
/// @throws lamina::ArgumentError  when nothing has the name that is to be frozen
[[nodiscard]] inline ChosenOptimizer make_optimizer(const Options& options, std::span<const lamina::Segment> tensors) {
  const Recipe& recipe = options.recipe;
  const double decay = options.weight_decay;
  lamina::ParameterRules rules;
  if (recipe.no_decay_on_norms) rules.push_back(lamina::no_weight_decay_on_vectors());
  if (recipe.freeze) rules.push_back(lamina::frozen(*recipe.freeze));
  if (recipe.optimizer == "lamb") return ChosenOptimizer(lamina::Lamb<float>(tensors, {.weight_decay = decay}, rules));
  if (recipe.optimizer == "adamw")
    return ChosenOptimizer(lamina::AdamW<float>(tensors, {.weight_decay = decay}, rules));
  if (recipe.optimizer == "sgd")
    return ChosenOptimizer(lamina::Sgd<float>(
        tensors, {.momentum = recipe.momentum, .nesterov = recipe.nesterov, .weight_decay = decay}, rules));
  return ChosenOptimizer(lamina::Adam<float>(tensors, {.weight_decay = decay}, rules));
}

}  // namespace study
