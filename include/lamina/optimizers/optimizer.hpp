#pragma once

#include <concepts>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/optimizers/argument_checks.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What an optimiser needs to go on, and of which optimiser it is.
/// @tparam T  float or double
template <class T>
struct OptimizerState {
  std::string owner;      ///< Optimizer::description()
  Index steps = 0;        ///< taken
  std::vector<T> values;  ///< Optimizer::state()
};

/// What a trainer and a checkpoint require of an optimiser: it updates one flat array of parameters from one flat array
/// of gradients, without allocating and with the same bits on any team; its state is flat memory and a step count; and
/// it says its kind and its options, by which it knows its own state. A copy continues on its own.
template <class O>
concept Optimizer = std::copyable<O> &&
    requires(O& optimizer, const O& constant, double learning_rate, std::span<typename O::Scalar> parameters,
             std::span<const typename O::Scalar> gradients, const Team& team,
             const OptimizerState<typename O::Scalar>& state) {
  { optimizer.step(parameters, gradients, learning_rate, team) } -> std::same_as<void>;
  { constant.state() } -> std::same_as<std::span<const typename O::Scalar>>;
  { constant.steps() } -> std::same_as<Index>;
  { constant.description() } -> std::same_as<std::string>;
  { optimizer.restore(state) } -> std::same_as<void>;
};

/// The state of an optimiser, for checkpoints.
template <Optimizer O>
[[nodiscard]] OptimizerState<typename O::Scalar> state_of(const O& optimizer) {
  const auto values = optimizer.state();
  return {.owner = optimizer.description(), .steps = optimizer.steps(), .values = {values.begin(), values.end()}};
}

/// Refuses a state that is another optimiser's, or not of `size` values, and any where the optimiser does not say what
/// it is.
/// @throws ArgumentError
template <class T>
void require_own_state(const OptimizerState<T>& state, const std::string& description, Index size) {
  require(!description.empty(), "this optimizer has an empty description(): nobody can tell whether the state is its");
  require(state.owner == description, "the state of the optimizer " + state.owner + " is not one of " + description);
  require_size("the size of the optimizer state", size, std::ssize(state.values));
  require_not_negative("the number of steps", static_cast<double>(state.steps));
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
