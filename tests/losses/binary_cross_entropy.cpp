#include <cmath>

#include <lamina/losses/binary_cross_entropy.hpp>

#include "loss_cases.hpp"

using namespace lamina;

TEMPLATE_TEST_CASE("binary cross-entropy: loss and gradient are PyTorch's", "", float, double) {
  test::check_loss_follows_pytorch<TestType>("several labels", 4, [](const std::string&, const auto& expected) {
    return std::optional(
        BinaryCrossEntropyWithLogits{expected["positive_weights"].template get<std::vector<double>>()});
  });
}

TEST_CASE("binary cross-entropy: the gradient is the derivative of the loss") {
  auto it = test::random_case<double>(6, 3, true);
  test::check_loss_derivative(BinaryCrossEntropyWithLogits{{1, 0.5, 3}}, it, 1e-9);
}

TEST_CASE("binary cross-entropy: the same bits on any number of threads") {
  auto it = test::random_case<float>(77, 13, true);
  test::check_loss_bits(BinaryCrossEntropyWithLogits{}, it);
}

TEST_CASE("binary cross-entropy: refuses targets outside 0 ... 1 and weights that do not fit") {
  auto it = test::random_case<float>(3, 2, true);
  const auto evaluate = [&](const std::vector<double>& weights = {}) {
    return BinaryCrossEntropyWithLogits{weights}(it.outputs.view(), it.rows.view(), Team(1));
  };
  CHECK_NOTHROW(evaluate());
  CHECK_THROWS_WITH(evaluate({1}), "expected a positive weight for each of 2 outputs, got 1");
  CHECK_THROWS_WITH(evaluate({1, -1}), "a positive weight must be finite and not negative, got -1");
  for (const float target : {-0.5F, 1.5F, std::nanf("")}) {
    it.rows[3] = target;
    CHECK_THROWS_WITH(evaluate(), ContainsSubstring("takes targets from 0 to 1, got ") &&
                                      ContainsSubstring(" for output 1 of sample 1"));
  }
}
