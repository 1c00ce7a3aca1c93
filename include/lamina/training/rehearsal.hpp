#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/training_evidence.hpp>
#include <lamina/training/step.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The images and labels that a rehearsal goes through again and again, batch by batch.
template <class T>
struct RehearsalData {
  TensorView<const T> images{};
  std::span<const Label> labels{};
  Index batch_size = 32;

  /// Batches, a smaller one at the end left out.
  [[nodiscard]] Index batches() const { return images.batch / batch_size; }
};

namespace detail {

template <class T>
void check(const RehearsalData<T>& data, Index steps) {
  require(data.images.batch == std::ssize(data.labels) && data.batch_size > 0 && data.batches() > 0,
          "a rehearsal takes a batch of " + std::to_string(data.batch_size) + " at least, got " +
              std::to_string(data.images.batch) + " images and " + std::to_string(data.labels.size()) + " labels");
  require(steps > 0, "a rehearsal needs a step at least, got " + std::to_string(steps));
}

/// L2 norm of a parameter tensor, and of what a step changed in it.
struct Movement {
  double weight = 0;
  double change = 0;
};

template <class T>
void add_movements(std::span<const Segment> tensors, std::span<const T> before, std::span<const T> after,
                   std::vector<Movement>& sums) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    double weight = 0, change = 0;
    for (Index k = tensors[i].offset; k < tensors[i].offset + tensors[i].size(); ++k) {
      const auto w = static_cast<double>(before[static_cast<std::size_t>(k)]);
      const double d = static_cast<double>(after[static_cast<std::size_t>(k)]) - w;
      weight += w * w;
      change += d * d;
    }
    sums[i].weight += std::sqrt(weight);
    sums[i].change += std::sqrt(change);
  }
}

[[nodiscard]] inline std::vector<TensorUpdate> updates_of(std::span<const Segment> tensors,
                                                          std::span<const Movement> sums) {
  std::vector<TensorUpdate> updates;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    updates.push_back({.name = tensors[i].name,
                       .kind = std::string(tensors[i].kind),
                       .is_weight = tensors[i].rank >= 2,
                       .ratio = sums[i].weight > 0 ? sums[i].change / sums[i].weight : sums[i].change});
  }
  return updates;
}

}  // namespace detail

/// Takes a few steps of a training with a copy of the model and measures them in a plain and slow way: losses, how far
/// each tensor moves, and the flow of gradients. It ends where loss or gradients are no longer finite, with an infinite
/// loss.
/// @throws ArgumentError  images or labels that do not fit, no step, a negative learning rate
template <class Network, class T, Optimizer O, Loss<T> L>
[[nodiscard]] TrainingEvidence rehearse(Model<Network, T> model, O optimizer, const RehearsalData<T>& data, L loss,
                                        double learning_rate, Index steps, const Team& team) {
  detail::check(data, steps);
  TrainingStep<Network, T, O, L> step(model, std::move(optimizer), data.batch_size, team, std::move(loss));
  TrainingEvidence evidence{.epoch = 1, .learning_rate = learning_rate};
  std::vector<detail::Movement> sums(Network::parameters.size());
  std::vector<T> before;
  try {
    for (; evidence.step < steps; ++evidence.step) {
      const Index first = evidence.step % data.batches() * data.batch_size;
      before.assign(model.parameters().begin(), model.parameters().end());
      const auto labels =
          data.labels.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(data.batch_size));
      evidence.losses.push_back(step(data.images.samples(first, data.batch_size), labels, learning_rate).loss);
      detail::add_movements<T>(Network::parameters, before, std::as_const(model).parameters(), sums);
    }
  } catch (const NonFiniteError&) {
    evidence.losses.push_back(std::numeric_limits<double>::infinity());
  }
  if (step.gradient_flow().steps() > 0) evidence.gradient_flow = step.gradient_flow().average();
  evidence.updates = detail::updates_of(Network::parameters, sums);
  return evidence;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
