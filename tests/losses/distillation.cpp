#include <cmath>

#include <lamina/losses/distillation.hpp>

#include "loss_cases.hpp"

using namespace lamina;

TEMPLATE_TEST_CASE("distillation: loss and gradient are PyTorch's", "", float, double) {
  test::check_loss_follows_pytorch<TestType>("distillation", 4, [](const std::string&, const auto& expected) {
    return std::optional(Distillation{.temperature = expected["temperature"], .weight = expected["weight"]});
  });
}

TEST_CASE("distillation: the gradient is the derivative of the loss") {
  auto it = test::random_case<double>(5, 4);
  it.teacher = it.rows;
  it.rows = {};
  it.labels = {0, 3, 1, 1, 2};
  test::check_loss_derivative(Distillation{.temperature = 3, .weight = 0.7, .hard = {.label_smoothing = 0.1}}, it,
                              1e-9);
}

TEST_CASE("distillation: the same bits on any number of threads") {
  auto it = test::random_case<float>(77, 10);
  it.teacher = it.rows;
  it.rows = {};
  for (Label n = 0; n < 77; ++n) it.labels.push_back(n % 10);
  test::check_loss_bits(Distillation{}, it);
}

TEST_CASE("distillation: without a teacher, or of weight 0, it is the cross-entropy to the bit") {
  auto it = test::random_case<float>(20, 10);
  it.teacher = it.rows;
  it.rows = {};
  for (Label n = 0; n < 20; ++n) it.labels.push_back(n % 10);
  const Team team(2);
  const SoftmaxCrossEntropy hard;
  const double expected = hard(it.outputs.view(), it.labels, it.gradient.view(), team);
  const std::vector<float> gradient(it.gradient.data(), it.gradient.data() + it.gradient.size());
  const auto check = [&](const Distillation& loss, const Targets<float>& targets) {
    CHECK(loss(it.outputs.view(), targets, it.gradient.view(), team) == expected);
    CHECK(std::equal(gradient.begin(), gradient.end(), it.gradient.data()));
  };
  check(Distillation{}, {.labels = it.labels});
  check(Distillation{.weight = 0}, it.targets());
  CHECK(Distillation{.weight = 0}.description() == hard.description());
}

TEST_CASE("distillation: refuses what it cannot use") {
  auto it = test::random_case<float>(2, 3);
  it.labels = {0, 1};
  const auto evaluate = [&](const Distillation& loss, const Targets<float>& targets) {
    return loss(it.outputs.view(), targets, Team(1));
  };
  CHECK_THROWS_WITH(evaluate({.temperature = 0}, {.labels = it.labels}),
                    "the temperature of distillation must be positive and finite, got 0");
  CHECK_THROWS_WITH(evaluate({.weight = 1.5}, {.labels = it.labels}),
                    "the weight of the teacher must be in 0 ... 1, got 1.5");
  const auto other = test::random_rows<float>(2, 4, 3);
  CHECK_THROWS_WITH(evaluate({}, {.labels = it.labels, .teacher = other.view()}),
                    "distillation got 2 outputs of 1x1x3 but 2 target rows of 1x1x4");
}
