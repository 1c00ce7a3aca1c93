// The state of an optimiser is restored into one of the same kind and options, and into no other.

#include <array>

#include <lamina/optimizers/adam.hpp>
#include <lamina/optimizers/lamb.hpp>
#include <lamina/optimizers/sgd.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

constexpr std::array kTensors{Segment{.name = "weight", .dims = {4}}};

}  // namespace

TEST_CASE("optimizer state: says its owner's kind and options") {
  CHECK(state_of(Adam<float>(4, {.beta2 = 0.99})).owner ==
        "Adam(beta1 0.9, beta2 0.99, epsilon 1e-08, weight_decay 0)");
  CHECK(state_of(AdamW<float>(4)).owner == "AdamW(beta1 0.9, beta2 0.999, epsilon 1e-08, weight_decay 0)");
  CHECK(state_of(Lamb<float>(kTensors)).owner == "Lamb(beta1 0.9, beta2 0.999, epsilon 1e-06, weight_decay 0)");
  CHECK(state_of(Sgd<float>(4, {.momentum = 0.5, .nesterov = true})).owner ==
        "Sgd(momentum 0.5, nesterov yes, weight_decay 0)");
}

TEST_CASE("optimizer state: another optimizer refuses it though the sizes agree, and names both") {
  const OptimizerState<float> state = state_of(Adam<float>(4));
  Lamb<float> lamb(kTensors);
  CHECK_THROWS_WITH(lamb.restore(state),
                    "the state of the optimizer Adam(beta1 0.9, beta2 0.999, epsilon 1e-08, weight_decay 0) is not one "
                    "of Lamb(beta1 0.9, beta2 0.999, epsilon 1e-06, weight_decay 0)");
  AdamW<float> adamw(4);
  CHECK_THROWS_AS(adamw.restore(state), ArgumentError);
  Adam<float> other_options(4, {.weight_decay = 0.1});
  CHECK_THROWS_AS(other_options.restore(state), ArgumentError);
  Sgd<float> sgd(8, {.momentum = 0.5});
  CHECK_THROWS_AS(sgd.restore(state), ArgumentError);
  Adam<float> same(4);
  CHECK_NOTHROW(same.restore(state));
}
