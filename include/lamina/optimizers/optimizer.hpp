#pragma once

#include <concepts>
#include <span>

#include <lamina/core/shape.hpp>
#include <lamina/core/team.hpp>

namespace lamina {

/// What a trainer and a checkpoint require of an optimiser: it updates one flat array of parameters from one flat array
/// of gradients, without allocating and with the same bits on any team, and its state is flat memory and a step count.
/// A copy continues on its own.
template <class O>
concept Optimizer = std::copyable<O> && requires(O& optimizer, const O& constant, Index steps, double learning_rate,
                                                 std::span<typename O::Scalar> parameters,
                                                 std::span<const typename O::Scalar> gradients, const Team& team) {
  { optimizer.step(parameters, gradients, learning_rate, team) } -> std::same_as<void>;
  { constant.state() } -> std::same_as<std::span<const typename O::Scalar>>;
  { constant.steps() } -> std::same_as<Index>;
  { optimizer.restore(constant.state(), steps) } -> std::same_as<void>;
};

}  // namespace lamina
