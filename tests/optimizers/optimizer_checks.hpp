#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <lamina/core/buffer.hpp>
#include <lamina/core/random.hpp>
#include <lamina/core/team.hpp>
#include <lamina/optimizers/optimizer.hpp>

#include "../catch.hpp"
#include "../reference/reference.hpp"

namespace lamina::test {

/// Largest error that rounding to float may leave in parameter i at the end of a trace. A step rounds the parameter
/// twice; gradient, moments, square root and quotient round some ten times, which the cancellation of gradients of
/// either sign magnifies by at most the root of the number of steps, 4.5, relative to the largest change of a step.
inline double float_tolerance(const std::vector<std::vector<double>>& trace, std::size_t i) {
  double largest = 0;
  double change = 0;
  for (std::size_t t = 0; t < trace.size(); ++t) {
    largest = std::max(largest, std::abs(trace[t][i]));
    if (t > 0) change = std::max(change, std::abs(trace[t][i] - trace[t - 1][i]));
  }
  return static_cast<double>(trace.size()) * 0x1p-24 * (2 * largest + 45 * change);
}

/// Runs an optimiser on the gradients of optimizers.json and compares the parameters after each step with PyTorch's.
/// @param make  from the number of parameters to the optimiser
template <class Make>
void check_follows_pytorch(const std::string& name, const Make& make) {
  const auto file = reference("optimizers.json");
  const auto trace = file["traces"][name].get<std::vector<std::vector<double>>>();
  auto optimizer = make(static_cast<Index>(trace[0].size()));
  using T = typename decltype(optimizer)::Scalar;

  auto parameters = numbers<T>(file["start"]);
  for (std::size_t t = 0; t < trace.size(); ++t) {
    const auto gradients = numbers<T>(file["gradients"][t]);
    optimizer.step(parameters, gradients, file["learning_rate"], Team(2));
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      CAPTURE(name, t, i);
      const double margin = std::is_same_v<T, float> ? float_tolerance(trace, i) : 1e-13 * (1 + std::abs(trace[t][i]));
      CHECK(parameters[i] == Approx(trace[t][i]).epsilon(0).margin(margin));
    }
  }
  CHECK(optimizer.steps() == std::ssize(trace));
}

/// Parameters of an optimiser in training. The gradients of a step depend on the step alone.
template <Optimizer O>
class Training {
 public:
  using T = typename O::Scalar;

  explicit Training(O optimizer, Index size) : optimizer_(std::move(optimizer)), parameters_(size), gradients_(size) {
    parameters_.fill(1);
  }

  void run(Index steps, const Team& team) {
    for (Index i = 0; i < steps; ++i) {
      RandomStream random(3, RandomPurpose::test, static_cast<std::uint32_t>(optimizer_.steps()));
      for (T& gradient : gradients_) gradient = static_cast<T>(random.normal());
      optimizer_.step(parameters_.span(), gradients_.span(), 0.01, team);
    }
  }

  [[nodiscard]] O& optimizer() { return optimizer_; }
  [[nodiscard]] Buffer<T>& parameters() { return parameters_; }
  [[nodiscard]] std::vector<T> values() const { return {parameters_.begin(), parameters_.end()}; }

 private:
  O optimizer_;
  Buffer<T> parameters_;
  Buffer<T> gradients_;
};

/// A thousand parameters make parts of unequal length and a rest after the last whole block.
inline constexpr Index kTrainedParameters = 1003;

template <class Make>
void check_same_bits_on_any_team(const Make& make) {
  const auto run = [&](int threads) {
    Training training(make(kTrainedParameters), kTrainedParameters);
    training.run(5, Team(threads));
    return training.values();
  };
  const auto alone = run(1);
  CHECK(run(2) == alone);
  CHECK(run(4) == alone);
}

template <class Make>
void check_continues_from_state(const Make& make) {
  Training original(make(kTrainedParameters), kTrainedParameters);
  original.run(4, Team(1));

  Training resumed(make(kTrainedParameters), kTrainedParameters);
  resumed.optimizer().restore(state_of(original.optimizer()));
  resumed.parameters() = original.parameters();
  original.run(3, Team(1));
  resumed.run(3, Team(1));
  CHECK(resumed.values() == original.values());
  CHECK(resumed.optimizer().steps() == 7);
}

template <Optimizer O>
void check_refuses_bad_steps(O optimizer) {
  using T = typename O::Scalar;
  std::vector<T> three(3);
  std::vector<T> four(4);
  const Team team(1);
  CHECK_NOTHROW(optimizer.step(three, three, 0.0, team));
  CHECK_THROWS_AS(optimizer.step(three, three, -0.1, team), ArgumentError);
  CHECK_THROWS_WITH(optimizer.step(three, three, -0.1, team),
                    ContainsSubstring("the learning rate must be finite and not negative, got -0.1"));
  CHECK_THROWS_WITH(optimizer.step(three, three, std::nan(""), team), ContainsSubstring("got nan"));
  CHECK_THROWS_WITH(optimizer.step(three, three, HUGE_VAL, team), ContainsSubstring("got inf"));
  CHECK_THROWS_WITH(optimizer.step(four, three, 0.1, team),
                    ContainsSubstring("the number of parameters must be 3, got 4"));
  CHECK_THROWS_WITH(optimizer.step(three, four, 0.1, team),
                    ContainsSubstring("the number of gradients must be 3, got 4"));
  CHECK(optimizer.steps() == 1);
  OptimizerState<T> state = state_of(optimizer);
  state.steps = -1;
  CHECK_THROWS_WITH(optimizer.restore(state), ContainsSubstring("the number of steps"));
  state.values.resize(5);
  CHECK_THROWS_WITH(optimizer.restore(state), ContainsSubstring("optimizer state must be"));
}

}  // namespace lamina::test
