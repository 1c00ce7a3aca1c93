#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include <lamina/core/buffer.hpp>
#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/optimizers/optimizer.hpp>
#include <lamina/optimizers/parameter_rules.hpp>
#include <lamina/optimizers/update_blocks.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

struct SgdOptions {
  double momentum = 0;      ///< in [0, 1)
  bool nesterov = false;    ///< needs momentum
  double weight_decay = 0;  ///< added to the gradient times the parameter
};

/// Stochastic gradient descent in PyTorch's form, without dampening:
///
///     g += weight_decay p;   v = momentum v + g;   p -= learning_rate (nesterov ? g + momentum v : v)
///
/// Nesterov's momentum after Sutskever et al., "On the importance of initialization and momentum in deep learning",
/// ICML 2013. The state is v, or nothing without momentum.
/// @tparam T  float or double
template <class T>
class Sgd {
 public:
  using Scalar = T;

  /// @param model  whose parameters it updates: Sgd(model, {.momentum = 0.9})
  /// @throws ArgumentError  an option outside its range, a rule that cannot be used
  template <ParameterOwner M>
  explicit Sgd(const M& /*model*/, SgdOptions options = {}, const ParameterRules& rules = {})
      : Sgd(M::parameter_tensors(), options, rules) {}
  /// @param tensors  Network::parameters
  explicit Sgd(std::span<const Segment> tensors, SgdOptions options = {}, const ParameterRules& rules = {})
      : Sgd(ParameterRuns(tensors, rules), options) {}
  /// @param parameters  how many
  explicit Sgd(Index parameters, SgdOptions options = {}) : Sgd(ParameterRuns(parameters), options) {}

  /// Updates the parameters. Allocates nothing; the bits are the same on any team.
  /// @throws ArgumentError  a negative or non-finite learning rate, a size that differs from the constructor's
  void step(std::span<T> parameters, std::span<const T> gradients, double learning_rate, const Team& team);

  [[nodiscard]] const SgdOptions& options() const { return options_; }
  /// Steps taken.
  [[nodiscard]] Index steps() const { return steps_; }
  /// The velocity, for checkpoints.
  [[nodiscard]] std::span<const T> state() const { return velocity_.span(); }
  /// Kind and options.
  [[nodiscard]] std::string description() const {
    return describe("Sgd", {{"momentum", options_.momentum},
                            {"nesterov", options_.nesterov},
                            {"weight_decay", options_.weight_decay}}) +
           runs_.description();
  }
  /// Continues from the state of another optimiser of the same kind and options.
  /// @throws ArgumentError  a state of another optimiser or size, a negative number of steps
  void restore(const OptimizerState<T>& state);

 private:
  static SgdOptions checked(SgdOptions options) {
    require_below_one("momentum", options.momentum);
    require_not_negative("weight decay", options.weight_decay);
    require(!options.nesterov || options.momentum > 0, "Nesterov's method needs a momentum above 0");
    return options;
  }

  Sgd(ParameterRuns runs, SgdOptions options)
      : runs_(std::move(runs)), options_(checked(options)), velocity_(options.momentum > 0 ? runs_.size() : 0) {}

  ParameterRuns runs_;
  SgdOptions options_;
  Buffer<T> velocity_;
  Index steps_ = 0;
};

template <class T>
void Sgd<T>::step(std::span<T> parameters, std::span<const T> gradients, double learning_rate, const Team& team) {
  require_not_negative("the learning rate", learning_rate);
  require_size("the number of parameters", runs_.size(), std::ssize(parameters));
  require_size("the number of gradients", runs_.size(), std::ssize(gradients));
  const auto rate_of = [=](const ParameterRun& run) { return static_cast<T>(learning_rate * run.learning_rate); };
  const auto decay_of = [=, decay = options_.weight_decay](const ParameterRun& run) {
    return static_cast<T>(decay * run.weight_decay);
  };
  const T momentum = static_cast<T>(options_.momentum);

  if (options_.momentum == 0) {
    const auto update_of = [=](const ParameterRun& run) {
      return [rate = rate_of(run), decay = decay_of(run)](auto&& p, const auto& g) { p -= rate * (g + decay * p); };
    };
    runs_.update(team, update_of, parameters.data(), gradients.data());
  } else {
    const auto update_of = [=, nesterov = options_.nesterov](const ParameterRun& run) {
      return [=, rate = rate_of(run), decay = decay_of(run)](auto&& p, const auto& g, auto&& v) {
        const UpdateBlock<T> gradient = g + decay * p;
        v = momentum * v + gradient;
        if (nesterov) {
          p -= rate * (gradient + momentum * v);
        } else {
          p -= rate * v;
        }
      };
    };
    runs_.update(team, update_of, parameters.data(), gradients.data(), velocity_.data());
  }
  ++steps_;
}

template <class T>
void Sgd<T>::restore(const OptimizerState<T>& state) {
  require_own_state(state, description(), velocity_.size());
  std::copy(state.values.begin(), state.values.end(), velocity_.begin());
  steps_ = state.steps;
}

template <ParameterOwner M>
Sgd(const M&, SgdOptions = {}, const ParameterRules& = {}) -> Sgd<typename M::Scalar>;

static_assert(Optimizer<Sgd<float>> && Optimizer<Sgd<double>>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
