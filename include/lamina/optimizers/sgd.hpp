#pragma once

#include <algorithm>
#include <span>
#include <string>

#include <lamina/core/buffer.hpp>
#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/optimizers/optimizer.hpp>
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

  /// @param parameters  how many
  /// @throws ArgumentError  an option outside its range
  explicit Sgd(Index parameters, SgdOptions options = {}) : parameters_(parameters), options_(checked(options)) {
    require_not_negative("the number of parameters", static_cast<double>(parameters));
    velocity_ = Buffer<T>(options.momentum > 0 ? parameters : 0);
  }

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
    return describe(
        "Sgd",
        {{"momentum", options_.momentum}, {"nesterov", options_.nesterov}, {"weight_decay", options_.weight_decay}});
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

  Index parameters_;
  SgdOptions options_;
  Buffer<T> velocity_;
  Index steps_ = 0;
};

template <class T>
void Sgd<T>::step(std::span<T> parameters, std::span<const T> gradients, double learning_rate, const Team& team) {
  require_not_negative("the learning rate", learning_rate);
  require_size("the number of parameters", parameters_, std::ssize(parameters));
  require_size("the number of gradients", parameters_, std::ssize(gradients));
  const T rate = static_cast<T>(learning_rate);
  const T decay = static_cast<T>(options_.weight_decay);
  const T momentum = static_cast<T>(options_.momentum);

  if (options_.momentum == 0) {
    const auto update = [=](auto&& p, const auto& g) { p -= rate * (g + decay * p); };
    update_blocks(team, parameters_, update, parameters.data(), gradients.data());
  } else {
    const auto update = [=, nesterov = options_.nesterov](auto&& p, const auto& g, auto&& v) {
      const UpdateBlock<T> gradient = g + decay * p;
      v = momentum * v + gradient;
      if (nesterov) {
        p -= rate * (gradient + momentum * v);
      } else {
        p -= rate * v;
      }
    };
    update_blocks(team, parameters_, update, parameters.data(), gradients.data(), velocity_.data());
  }
  ++steps_;
}

template <class T>
void Sgd<T>::restore(const OptimizerState<T>& state) {
  require_own_state(state, description(), velocity_.size());
  std::copy(state.values.begin(), state.values.end(), velocity_.begin());
  steps_ = state.steps;
}

static_assert(Optimizer<Sgd<float>> && Optimizer<Sgd<double>>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
