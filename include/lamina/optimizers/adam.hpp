#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include <lamina/core/buffer.hpp>
#include <lamina/core/description.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/optimizers/optimizer.hpp>
#include <lamina/optimizers/update_blocks.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

struct AdamOptions {
  double beta1 = 0.9;     ///< decay of the first moment, in [0, 1)
  double beta2 = 0.999;   ///< decay of the second moment, in [0, 1)
  double epsilon = 1e-8;  ///< added to the root of the second moment
  double weight_decay = 0;
};

/// How Adam draws parameters towards zero.
enum class WeightDecay {
  l2,         ///< through the gradient, and so through both moments
  decoupled,  ///< directly, by the factor 1 - learning_rate weight_decay
};

/// Adam (Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015) in PyTorch's form. In step t, from 1:
///
///     g += weight_decay p   (l2)    or    p *= 1 - learning_rate weight_decay   (decoupled)
///     m = beta1 m + (1 - beta1) g
///     v = beta2 v + (1 - beta2) g^2
///     p -= learning_rate / (1 - beta1^t)  m / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// t counts steps of the whole flat array. The state is m, then v.
/// @tparam T  float or double
template <class T, WeightDecay Decay = WeightDecay::l2>
class Adam {
 public:
  using Scalar = T;

  /// @param parameters  how many
  /// @throws ArgumentError  an option outside its range
  explicit Adam(Index parameters, AdamOptions options = {}) : parameters_(parameters), options_(checked(options)) {
    require_not_negative("the number of parameters", static_cast<double>(parameters));
    moments_ = Buffer<T>(2 * parameters);
  }

  /// Updates the parameters. Allocates nothing; the bits are the same on any team.
  /// @throws ArgumentError  a negative or non-finite learning rate, a size that differs from the constructor's
  void step(std::span<T> parameters, std::span<const T> gradients, double learning_rate, const Team& team);

  [[nodiscard]] const AdamOptions& options() const { return options_; }
  /// Steps taken.
  [[nodiscard]] Index steps() const { return steps_; }
  /// First moments, then second moments, for checkpoints.
  [[nodiscard]] std::span<const T> state() const { return moments_.span(); }
  /// Kind and options.
  [[nodiscard]] std::string description() const {
    return describe(Decay == WeightDecay::l2 ? "Adam" : "AdamW", {{"beta1", options_.beta1},
                                                                  {"beta2", options_.beta2},
                                                                  {"epsilon", options_.epsilon},
                                                                  {"weight_decay", options_.weight_decay}});
  }
  /// Continues from the state of another optimiser of the same kind and options.
  /// @throws ArgumentError  a state of another optimiser or size, a negative number of steps
  void restore(const OptimizerState<T>& state);

 private:
  static AdamOptions checked(AdamOptions options) {
    require_below_one("beta1", options.beta1);
    require_below_one("beta2", options.beta2);
    require_not_negative("epsilon", options.epsilon);
    require_not_negative("weight decay", options.weight_decay);
    return options;
  }

  Index parameters_;
  AdamOptions options_;
  Buffer<T> moments_;
  Index steps_ = 0;
};

/// Adam with decoupled weight decay (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019).
template <class T>
using AdamW = Adam<T, WeightDecay::decoupled>;

template <class T, WeightDecay Decay>
void Adam<T, Decay>::step(std::span<T> parameters, std::span<const T> gradients, double learning_rate,
                          const Team& team) {
  require_not_negative("the learning rate", learning_rate);
  require_size("the number of parameters", parameters_, std::ssize(parameters));
  require_size("the number of gradients", parameters_, std::ssize(gradients));
  ++steps_;
  const auto [beta1, beta2, epsilon, weight_decay] = options_;
  const double t = static_cast<double>(steps_);
  const T rate = static_cast<T>(learning_rate / (1 - std::pow(beta1, t)));
  const T root_scale = static_cast<T>(1 / std::sqrt(1 - std::pow(beta2, t)));
  const T l2 = static_cast<T>(Decay == WeightDecay::l2 ? weight_decay : 0);
  const T kept = static_cast<T>(Decay == WeightDecay::decoupled ? 1 - learning_rate * weight_decay : 1);

  const auto update = [=, first = static_cast<T>(beta1), rest1 = static_cast<T>(1 - beta1),
                       second = static_cast<T>(beta2), rest2 = static_cast<T>(1 - beta2),
                       floor = static_cast<T>(epsilon)](auto&& p, const auto& g, auto&& m, auto&& v) {
    const UpdateBlock<T> gradient = g + l2 * p;
    m = first * m + rest1 * gradient;
    v = second * v + rest2 * gradient * gradient;
    p = kept * p - rate * m / (root_scale * v.sqrt() + floor);
  };
  update_blocks(team, parameters_, update, parameters.data(), gradients.data(), moments_.data(),
                moments_.data() + parameters_);
}

template <class T, WeightDecay Decay>
void Adam<T, Decay>::restore(const OptimizerState<T>& state) {
  require_own_state(state, description(), moments_.size());
  std::copy(state.values.begin(), state.values.end(), moments_.begin());
  steps_ = state.steps;
}

static_assert(Optimizer<Adam<float>> && Optimizer<AdamW<double>>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
