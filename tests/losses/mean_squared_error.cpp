#include <lamina/losses/mean_squared_error.hpp>

#include "loss_cases.hpp"

using namespace lamina;

TEMPLATE_TEST_CASE("mean squared error: loss and gradient are PyTorch's", "", float, double) {
  const std::string group = GENERATE("regression", "regression with outliers");
  // The slope of a square is twice the difference, of up to a thousand here.
  test::check_loss_follows_pytorch<TestType>(group, 2000, [](const std::string& name, const auto&) {
    return name == "mean squared error" ? std::optional(MeanSquaredError{}) : std::nullopt;
  });
}

TEST_CASE("mean squared error: the gradient is the derivative of the loss") {
  auto it = test::random_case<double>(5, 3);
  test::check_loss_derivative(MeanSquaredError{}, it, 1e-9);
}

TEST_CASE("mean squared error: the same bits on any number of threads") {
  auto it = test::random_case<float>(77, 13);
  test::check_loss_bits(MeanSquaredError{}, it);
}

TEST_CASE("mean squared error: refuses what it cannot use, naming both sides") {
  const auto outputs = test::random_rows<float>(3, 4, 1);
  const auto evaluate = [&](const Tensor<float>& rows) {
    return MeanSquaredError{}(outputs.view(), rows.view(), Team(1));
  };
  CHECK_NOTHROW(evaluate(test::random_rows<float>(3, 4, 2)));
  CHECK_THROWS_WITH(evaluate(test::random_rows<float>(3, 5, 2)),
                    "mean squared error got 3 outputs of 1x1x4 but 3 target rows of 1x1x5");
  CHECK_THROWS_WITH(evaluate(test::random_rows<float>(2, 4, 2)),
                    "mean squared error got 3 outputs of 1x1x4 but 2 target rows of 1x1x4");
  Tensor<float> image(3, {2, 2, 1});
  CHECK_THROWS_WITH(MeanSquaredError{}(image.view(), image.view(), Team(1)),
                    "mean squared error needs outputs of shape 1x1xK for at least one sample, got 3 of 2x2x1");
}

TEST_CASE("losses: targets of a kind that a loss does not read are refused, naming both") {
  const auto outputs = test::random_rows<float>(3, 4, 1);
  const std::vector<Label> labels{0, 1, 2};
  CHECK_THROWS_AS(loss_of<float>(MeanSquaredError{}, outputs.view(), {.labels = labels}, {}, Team(1)), ArgumentError);
  CHECK_THROWS_WITH(loss_of<float>(MeanSquaredError{}, outputs.view(), {.labels = labels}, {}, Team(1)),
                    "the loss MeanSquaredError() takes target rows, got class labels");
  CHECK_THROWS_WITH(loss_of<float>(MeanSquaredError{}, outputs.view(), {}, {}, Team(1)),
                    "the loss MeanSquaredError() takes target rows, got no targets");
}
