#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/buffer.hpp>
#include <lamina/core/description.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/layers/segment.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/optimizers/optimizer.hpp>
#include <lamina/optimizers/parameter_rules.hpp>
#include <lamina/optimizers/update_blocks.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

struct LambOptions {
  double beta1 = 0.9;     ///< decay of the first moment, in [0, 1)
  double beta2 = 0.999;   ///< decay of the second moment, in [0, 1)
  double epsilon = 1e-6;  ///< added to the root of the second moment; positive
  double weight_decay = 0;
};

/// LAMB (You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020, algorithm
/// 2): Adam whose step of each layer is as long as a share of the layer's weights. In step t, from 1, for the weights
/// w of each tensor:
///
///     m = beta1 m + (1 - beta1) g
///     v = beta2 v + (1 - beta2) g^2
///     u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay w
///     w -= learning_rate |w| / |u|  u                             with L2 norms
///
/// The trust ratio |w| / |u| is 1 where either norm is 0. Tensors of fewer than two dimensions, which are biases and
/// the parameters of batch norm, have ratio 1 and no weight decay. The state is m, then v, each like the parameters.
/// @tparam T  float or double
template <class T>
class Lamb {
 public:
  using Scalar = T;

  /// @param tensors  Network::parameters, which lie one behind the other; they are copied
  /// @throws ArgumentError  an option outside its range, tensors with gaps between them
  explicit Lamb(std::span<const Segment> tensors, LambOptions options = {}, const ParameterRules& rules = {});
  /// @param model  whose parameters it updates
  template <ParameterOwner M>
  explicit Lamb(const M& /*model*/, LambOptions options = {}, const ParameterRules& rules = {})
      : Lamb(M::parameter_tensors(), options, rules) {}

  /// Updates the parameters. Allocates nothing; the bits are the same on any team.
  /// @throws ArgumentError  a negative or non-finite learning rate, a size that differs from the constructor's
  void step(std::span<T> parameters, std::span<const T> gradients, double learning_rate, const Team& team);

  [[nodiscard]] const LambOptions& options() const { return options_; }
  /// Steps taken.
  [[nodiscard]] Index steps() const { return steps_; }
  /// First moments, then second moments, for checkpoints.
  [[nodiscard]] std::span<const T> state() const { return moments_.span(); }
  /// Kind and options.
  [[nodiscard]] std::string description() const {
    return describe("Lamb", {{"beta1", options_.beta1},
                             {"beta2", options_.beta2},
                             {"epsilon", options_.epsilon},
                             {"weight_decay", options_.weight_decay}}) +
           rules_;
  }
  /// Continues from the state of another optimiser of the same kind and options.
  /// @throws ArgumentError  a state of another optimiser or size, a negative number of steps
  void restore(const OptimizerState<T>& state);

 private:
  /// Where a tensor lies in the flat arrays.
  struct Place {
    Index offset;
    Index size;
    bool weights;          ///< of two dimensions or more
    double learning_rate;  ///< factors of rules
    double weight_decay;
  };

  /// What a step computes with, rounded to T.
  struct Factors {
    T first, first_rest, second, second_rest;  ///< beta and 1 - beta
    T bias_correction;                         ///< 1 / (1 - beta1^t)
    T root_scale;                              ///< 1 / sqrt(1 - beta2^t)
    T epsilon;
    T decay;

    /// u of the moments and the weights.
    [[nodiscard]] UpdateBlock<T> direction(const auto& w, const auto& m, const auto& v) const {
      return bias_correction * m / (root_scale * v.sqrt() + epsilon) + decay * w;
    }
  };

  /// The sum of squares of blocks, in double and a sum for each place in a block: Eigen's own sum of eight doubles
  /// makes g++ 12 warn of an uninitialised value.
  class LaneSquares {
   public:
    void add(const UpdateBlock<T>& block) {
      for (std::size_t lane = 0; lane < squares_.size(); ++lane) {
        const double value = block[static_cast<Index>(lane)];
        squares_[lane] += value * value;
      }
    }
    [[nodiscard]] double norm() const { return std::sqrt(std::accumulate(squares_.begin(), squares_.end(), 0.0)); }

   private:
    std::array<double, static_cast<std::size_t>(kUpdateBlock<T>)> squares_{};
  };

  static LambOptions checked(LambOptions options);
  [[nodiscard]] Factors factors(const Place& tensor) const;

  Index parameters_ = 0;
  LambOptions options_;
  std::vector<Place> tensors_;
  std::string rules_;  // described
  Buffer<T> moments_;
  Index steps_ = 0;
  Team alone_{1};  // for the loops over one tensor: making a team in a step would allocate
};

template <class T>
Lamb<T>::Lamb(std::span<const Segment> tensors, LambOptions options, const ParameterRules& rules)
    : options_(checked(options)) {
  const ParameterRuns runs(tensors, rules);
  for (const Segment& tensor : tensors) {
    const ParameterRun run = run_of(tensor, rules);
    tensors_.push_back({.offset = tensor.offset,
                        .size = tensor.size(),
                        .weights = tensor.rank >= 2,
                        .learning_rate = run.learning_rate,
                        .weight_decay = run.weight_decay});
  }
  parameters_ = runs.size();
  rules_ = runs.description();
  moments_ = Buffer<T>(2 * parameters_);
}

template <class T>
LambOptions Lamb<T>::checked(LambOptions options) {
  require_below_one("beta1", options.beta1);
  require_below_one("beta2", options.beta2);
  // Zeros pad the last block of a tensor, and 0 / 0 would spoil the tensor's norm.
  require_value(options.epsilon >= std::numeric_limits<T>::min() && is_finite(options.epsilon), "epsilon",
                "finite and positive", options.epsilon);
  require_not_negative("weight decay", options.weight_decay);
  return options;
}

template <class T>
typename Lamb<T>::Factors Lamb<T>::factors(const Place& tensor) const {
  const double t = static_cast<double>(steps_);
  return {.first = static_cast<T>(options_.beta1),
          .first_rest = static_cast<T>(1 - options_.beta1),
          .second = static_cast<T>(options_.beta2),
          .second_rest = static_cast<T>(1 - options_.beta2),
          .bias_correction = static_cast<T>(1 / (1 - std::pow(options_.beta1, t))),
          .root_scale = static_cast<T>(1 / std::sqrt(1 - std::pow(options_.beta2, t))),
          .epsilon = static_cast<T>(options_.epsilon),
          .decay = static_cast<T>(tensor.weights ? options_.weight_decay * tensor.weight_decay : 0)};
}

// A task is a tensor, whose norms one thread sums in order while the tensor is in its cache: no partial sums, so the
// bits cannot depend on the team.
template <class T>
void Lamb<T>::step(std::span<T> parameters, std::span<const T> gradients, double learning_rate, const Team& team) {
  require_not_negative("the learning rate", learning_rate);
  require_size("the number of parameters", parameters_, std::ssize(parameters));
  require_size("the number of gradients", parameters_, std::ssize(gradients));
  ++steps_;
  team.for_each(std::ssize(tensors_), [&](Index task, Index) {
    const Place tensor = tensors_[static_cast<std::size_t>(task)];
    if (tensor.learning_rate == 0) return;
    const Factors with = factors(tensor);
    T* const weights = parameters.data() + tensor.offset;
    T* const first = moments_.data() + tensor.offset;
    T* const second = first + parameters_;

    LaneSquares weight_squares;
    LaneSquares direction_squares;
    const auto measure = [&](const auto& w, const auto& g, auto&& m, auto&& v) {
      m = with.first * m + with.first_rest * g;
      v = with.second * v + with.second_rest * g * g;
      weight_squares.add(w);
      direction_squares.add(with.direction(w, m, v));
    };
    const T* const read = weights;
    update_blocks(alone_, tensor.size, measure, read, gradients.data() + tensor.offset, first, second);

    const double weight_norm = weight_squares.norm();
    const double direction_norm = direction_squares.norm();
    const bool scaled = tensor.weights && weight_norm > 0 && direction_norm > 0;
    const T rate = static_cast<T>(learning_rate * tensor.learning_rate * (scaled ? weight_norm / direction_norm : 1));
    const auto move = [&](auto&& w, const auto& m, const auto& v) { w -= rate * with.direction(w, m, v); };
    const T* const read_first = first;
    const T* const read_second = second;
    update_blocks(alone_, tensor.size, move, weights, read_first, read_second);
  });
}

template <class T>
void Lamb<T>::restore(const OptimizerState<T>& state) {
  require_own_state(state, description(), moments_.size());
  std::copy(state.values.begin(), state.values.end(), moments_.begin());
  steps_ = state.steps;
}

template <ParameterOwner M>
Lamb(const M&, LambOptions = {}, const ParameterRules& = {}) -> Lamb<typename M::Scalar>;

static_assert(Optimizer<Lamb<float>> && Optimizer<Lamb<double>>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
