#include <cmath>

#include <lamina/losses/huber.hpp>

#include "loss_cases.hpp"

using namespace lamina;

TEMPLATE_TEST_CASE("huber: loss and gradient are PyTorch's", "", float, double) {
  const std::string group = GENERATE("regression", "regression with outliers");
  test::check_loss_follows_pytorch<TestType>(group, 1, [](const std::string&, const auto& expected) {
    return expected.contains("delta") ? std::optional(Huber{.delta = expected["delta"]}) : std::nullopt;
  });
}

TEST_CASE("huber: the gradient is the derivative of the loss on both sides of delta") {
  auto it = test::random_case<double>(6, 5);
  test::check_loss_derivative(Huber{.delta = 0.8}, it, 1e-9);
}

TEST_CASE("huber: the same bits on any number of threads") {
  auto it = test::random_case<float>(77, 13);
  test::check_loss_bits(Huber{}, it);
}

TEST_CASE("huber: refuses a delta that is not positive and finite") {
  auto it = test::random_case<float>(2, 3);
  for (const double delta : {0.0, -1.0, HUGE_VAL, std::nan("")}) {
    CHECK_THROWS_WITH(Huber{delta}(it.outputs.view(), it.rows.view(), Team(1)),
                      ContainsSubstring("the delta of the Huber loss must be positive and finite, got "));
  }
}
