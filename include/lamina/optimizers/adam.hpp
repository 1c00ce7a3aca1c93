#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>

#include <lamina/core/buffer.hpp>
#include <lamina/core/description.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/optimizers/optimizer.hpp>
#include <lamina/optimizers/parameter_rules.hpp>
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

  /// @param model  whose parameters it updates: Adam(model, {.weight_decay = 1e-4})
  /// @throws ArgumentError  an option outside its range, a rule that cannot be used
  template <ParameterOwner M>
  explicit Adam(const M& /*model*/, AdamOptions options = {}, const ParameterRules& rules = {})
      : Adam(M::parameter_tensors(), options, rules) {}
  /// @param tensors  Network::parameters
  explicit Adam(std::span<const Segment> tensors, AdamOptions options = {}, const ParameterRules& rules = {})
      : Adam(ParameterRuns(tensors, rules), options) {}
  /// @param parameters  how many
  explicit Adam(Index parameters, AdamOptions options = {}) : Adam(ParameterRuns(parameters), options) {}

  /// Updates the parameters. Allocates nothing; the bits are the same on any team.
  /// @throws ArgumentError  a negative or non-finite learning rate, a size that differs from the constructor's
  void step(std::span<T> parameters, std::span<const T> gradients, double learning_rate, const Team& team);

  [[nodiscard]] const AdamOptions& options() const { return options_; }
  /// Steps taken.
  [[nodiscard]] Index steps() const { return steps_; }
  /// First moments, then second moments, for checkpoints.
  [[nodiscard]] std::span<const T> state() const { return moments_.span(); }
  /// Kind and options.
  [[nodiscard, gnu::cold]] std::string description() const {
    return describe(Decay == WeightDecay::l2 ? "Adam" : "AdamW", {{"beta1", options_.beta1},
                                                                  {"beta2", options_.beta2},
                                                                  {"epsilon", options_.epsilon},
                                                                  {"weight_decay", options_.weight_decay}}) +
           runs_.description();
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

  [[gnu::cold]] Adam(ParameterRuns runs, AdamOptions options)
      : runs_(std::move(runs)), options_(checked(options)), moments_(2 * runs_.size()) {}

  ParameterRuns runs_;
  AdamOptions options_;
  Buffer<T> moments_;
  Index steps_ = 0;
};

/// Adam with decoupled weight decay (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019).
template <class T>
class AdamW : public Adam<T, WeightDecay::decoupled> {
 public:
  using Adam<T, WeightDecay::decoupled>::Adam;
};

template <ParameterOwner M>
Adam(const M&, AdamOptions = {}, const ParameterRules& = {}) -> Adam<typename M::Scalar>;
template <ParameterOwner M>
AdamW(const M&, AdamOptions = {}, const ParameterRules& = {}) -> AdamW<typename M::Scalar>;

template <class T, WeightDecay Decay>
void Adam<T, Decay>::step(std::span<T> parameters, std::span<const T> gradients, double learning_rate,
                          const Team& team) {
  require_not_negative("the learning rate", learning_rate);
  require_size("the number of parameters", runs_.size(), std::ssize(parameters));
  require_size("the number of gradients", runs_.size(), std::ssize(gradients));
  ++steps_;
  const auto [beta1, beta2, epsilon, weight_decay] = options_;
  const double t = static_cast<double>(steps_);
  const double correction = 1 - std::pow(beta1, t);
  const T root_scale = static_cast<T>(1 / std::sqrt(1 - std::pow(beta2, t)));

  const auto update_of = [=, first = static_cast<T>(beta1), rest1 = static_cast<T>(1 - beta1),
                          second = static_cast<T>(beta2), rest2 = static_cast<T>(1 - beta2),
                          floor = static_cast<T>(epsilon), decays = weight_decay](const ParameterRun& run) {
    const double run_rate = learning_rate * run.learning_rate;
    const double decay = decays * run.weight_decay;
    const T rate = static_cast<T>(run_rate / correction);
    const T l2 = static_cast<T>(Decay == WeightDecay::l2 ? decay : 0);
    const T kept = static_cast<T>(Decay == WeightDecay::decoupled ? 1 - run_rate * decay : 1);
    return [=](auto&& p, const auto& g, auto&& m, auto&& v) {
      const UpdateBlock<T> gradient = g + l2 * p;
      m = first * m + rest1 * gradient;
      v = second * v + rest2 * gradient * gradient;
      p = kept * p - rate * m / (root_scale * v.sqrt() + floor);
    };
  };
  runs_.update(team, update_of, parameters.data(), gradients.data(), moments_.data(), moments_.data() + runs_.size());
}

template <class T, WeightDecay Decay>
void Adam<T, Decay>::restore(const OptimizerState<T>& state) {
  require_own_state(state, description(), moments_.size());
  std::copy(state.values.begin(), state.values.end(), moments_.begin());
  steps_ = state.steps;
}

static_assert(Optimizer<Adam<float>> && Optimizer<AdamW<double>>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
