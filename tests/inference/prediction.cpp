#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <lamina/inference/prediction.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

std::vector<Label> labels_of(const Prediction& prediction) {
  std::vector<Label> labels;
  for (const ClassProbability& each : prediction.top) labels.push_back(each.label);
  return labels;
}

}  // namespace

TEST_CASE("prediction: probabilities are those of softmax, the largest first") {
  const std::vector<double> logits{1, 3, 2, 0};
  const Prediction prediction = to_prediction(logits, 3);
  CHECK(labels_of(prediction) == std::vector<Label>{1, 2, 0});
  const double sum = std::exp(1.0) + std::exp(3.0) + std::exp(2.0) + 1;
  CHECK(prediction.best().probability == Approx(std::exp(3.0) / sum).epsilon(1e-14));
  CHECK(prediction.top[2].probability == Approx(std::exp(1.0) / sum).epsilon(1e-14));
}

TEST_CASE("prediction: logits of any finite size have probabilities") {
  const std::array<float, 3> logits{3e38F, -3e38F, 3e38F};
  const Prediction prediction = to_prediction(logits, 3);
  CHECK(labels_of(prediction) == std::vector<Label>{0, 2, 1});  // of equal ones the lower class first
  CHECK(prediction.top[0].probability == 0.5);
  CHECK(prediction.top[2].probability == 0);
}

TEST_CASE("prediction: classes have their names, where they are known") {
  const std::vector<float> logits{0, 1};
  const std::vector<std::string> names{"cat", "dog"};
  CHECK(to_prediction(logits, 1, names).best().name == "dog");
  CHECK(to_prediction(logits, 1).best().name.empty());
  CHECK_THROWS_WITH(to_prediction(logits, 1, std::span(names).first(1)), "expected the names of 2 classes, found 1");
}

TEST_CASE("prediction: more classes than there are, none, and logits that are no numbers are refused") {
  std::vector<float> logits{0, 1};
  CHECK_THROWS_WITH(to_prediction(logits, 3), "the number of classes to predict must be from 1 to 2, got 3");
  CHECK_THROWS_WITH(to_prediction(logits, 0), "the number of classes to predict must be from 1 to 2, got 0");
  logits[1] = GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity());
  CHECK_THROWS_AS(to_prediction(logits, 1), NonFiniteError);
  CHECK_THROWS_WITH(to_prediction(logits, 1), "the logit of class 1 is not finite");
}
