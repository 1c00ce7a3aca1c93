#include <cmath>
#include <vector>

#include <lamina/optimizers/adam.hpp>

#include "../catch.hpp"
#include "optimizer_checks.hpp"

using namespace lamina;

namespace {

template <class O>
auto make(AdamOptions options = {}) {
  return [options](Index parameters) { return O(parameters, options); };
}

}  // namespace

TEMPLATE_TEST_CASE("adam: twenty steps follow PyTorch", "", float, double) {
  test::check_follows_pytorch("adam", make<Adam<TestType>>());
  test::check_follows_pytorch("adam_weight_decay", make<Adam<TestType>>({.weight_decay = 0.1}));
  test::check_follows_pytorch("adam_betas", make<Adam<TestType>>({.beta1 = 0.5, .beta2 = 0.9, .epsilon = 1e-3}));
  test::check_follows_pytorch("adamw", make<AdamW<TestType>>({.weight_decay = 0.1}));
}

TEST_CASE("adam: the bias correction advances once per step, whatever the number of parts") {
  // Under a constant gradient g the corrected moments are g and g^2 in every step, so each changes a parameter by
  // rate g / (|g| + epsilon), provided that moments and corrections are of the same step.
  const Index size = GENERATE(1, 4, 33, 1003);
  const int threads = GENERATE(1, 4);
  Buffer<double> parameters(size);
  Buffer<double> gradients(size);
  for (Index i = 0; i < size; ++i) gradients[i] = i % 2 == 0 ? 0.5 : -2e-8;
  Adam<double> adam(size);
  for (Index step = 1; step <= 3; ++step) {
    adam.step(parameters.span(), gradients.span(), 0.25, Team(threads));
    CHECK(adam.steps() == step);
  }
  for (Index i = 0; i < size; ++i) {
    const double change = 0.25 * gradients[i] / (std::abs(gradients[i]) + 1e-8);
    CHECK(parameters[i] == Approx(-3 * change).epsilon(1e-12));
  }
}

TEST_CASE("adam: a gradient of zero changes nothing") {
  const std::vector<float> gradients(21);
  std::vector<float> parameters(21, 0.7F);
  Adam<float> adam(21);
  adam.step(parameters, gradients, 0.1, Team(1));
  CHECK(parameters == std::vector<float>(21, 0.7F));
}

TEST_CASE("adam: the state is the first moments, then the second") {
  std::vector<double> parameters(3);
  const std::vector<double> gradients{1, 2, -3};
  Adam<double> adam(3, {.beta1 = 0.75, .beta2 = 0.5});
  adam.step(parameters, gradients, 0.1, Team(1));
  const auto state = adam.state();
  CHECK(std::vector(state.begin(), state.end()) == std::vector{0.25, 0.5, -0.75, 0.5, 2.0, 4.5});
}

TEST_CASE("adam: the same bits on any number of threads") {
  test::check_same_bits_on_any_team(make<Adam<float>>({.weight_decay = 0.1}));
  test::check_same_bits_on_any_team(make<AdamW<float>>({.weight_decay = 0.1}));
}

TEST_CASE("adam: continues from its saved state as if it had not stopped") {
  test::check_continues_from_state(make<Adam<float>>({.weight_decay = 0.1}));
  test::check_continues_from_state(make<AdamW<float>>({.weight_decay = 0.1}));
}

TEST_CASE("adam: refuses what it cannot use") {
  test::check_refuses_bad_steps(Adam<float>(3));
  test::check_refuses_bad_steps(AdamW<double>(3));
  CHECK_THROWS_AS(Adam<float>(3, {.beta1 = 1}), ArgumentError);
  CHECK_THROWS_WITH(Adam<float>(3, {.beta1 = 1}), ContainsSubstring("beta1 must be in [0, 1), got 1"));
  CHECK_THROWS_WITH(Adam<float>(3, {.beta1 = -0.5}), ContainsSubstring("beta1 must be in [0, 1), got -0.5"));
  CHECK_THROWS_WITH(Adam<float>(3, {.beta2 = 1.5}), ContainsSubstring("beta2 must be in [0, 1), got 1.5"));
  CHECK_THROWS_WITH(Adam<float>(3, {.beta2 = std::nan("")}), ContainsSubstring("beta2 must be in [0, 1), got nan"));
  CHECK_THROWS_WITH(Adam<float>(3, {.epsilon = -1e-8}), ContainsSubstring("epsilon must be finite and not negative"));
  CHECK_THROWS_WITH(AdamW<float>(3, {.weight_decay = -1}), ContainsSubstring("weight decay"));
  CHECK_THROWS_WITH(Adam<float>(-1), ContainsSubstring("the number of parameters"));
}
