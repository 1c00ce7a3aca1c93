#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <lamina/core/buffer.hpp>
#include <lamina/core/random.hpp>
#include <lamina/losses/softmax_cross_entropy.hpp>
#include <lamina/metrics/accuracy.hpp>

#include "../catch.hpp"
#include "../reference/reference.hpp"
#include "loss_cases.hpp"

using namespace lamina;

namespace {

template <class T>
Tensor<T> make_logits(Index batch, const std::vector<T>& values) {
  Tensor<T> logits(batch, {.channels = std::ssize(values) / batch});
  std::copy(values.begin(), values.end(), logits.data());
  return logits;
}

template <class T>
Tensor<T> random_logits(Index batch, Index classes) {
  RandomStream random(1, RandomPurpose::test);
  std::vector<T> values(static_cast<std::size_t>(batch * classes));
  for (T& value : values) value = static_cast<T>(3 * random.normal());
  return make_logits(batch, values);
}

std::vector<Label> random_labels(Index batch, Index classes) {
  RandomStream random(2, RandomPurpose::test);
  std::vector<Label> labels(static_cast<std::size_t>(batch));
  for (Label& label : labels) label = static_cast<Label>(random.below(static_cast<std::uint32_t>(classes)));
  return labels;
}

/// Largest error that rounding logits up to `largest` to T may leave in a log probability, and the arithmetic after it.
template <class T>
double tolerance(double largest) {
  const double unit = std::is_same_v<T, float> ? 0x1p-24 : 0x1p-53;
  return unit * (2 * largest + 8);
}

}  // namespace

TEMPLATE_TEST_CASE("softmax cross-entropy: loss, gradient and predictions are PyTorch's", "", float, double) {
  const auto cases = test::reference("losses.json");
  for (const auto& [name, expected] : cases.items()) {
    CAPTURE(name);
    const auto labels = expected["labels"].template get<std::vector<Label>>();
    const auto logits = make_logits(std::ssize(labels), test::numbers<TestType>(expected["logits"]));
    Tensor<TestType> gradient(logits.batch(), logits.shape());
    const SoftmaxCrossEntropy loss{.label_smoothing = expected["label_smoothing"]};
    const double result = loss(logits.view(), labels, gradient.view(), Team(1));

    double largest = 0;
    for (Index i = 0; i < logits.size(); ++i) largest = std::max<double>(largest, std::abs(logits[i]));
    CHECK(result == Approx(expected["loss"].template get<double>()).epsilon(0).margin(tolerance<TestType>(largest)));
    CHECK(count_correct<TestType>(logits.view(), labels) == expected["correct"].template get<Index>());
    const auto expected_gradient = test::numbers<double>(expected["gradient"]);
    for (Index i = 0; i < gradient.size(); ++i)
      CHECK(gradient[i] == Approx(expected_gradient[static_cast<std::size_t>(i)])
                               .epsilon(0)
                               .margin(tolerance<TestType>(largest) / static_cast<double>(logits.batch())));
  }
}

TEST_CASE("softmax cross-entropy: the gradient is the derivative of the loss") {
  const double smoothing = GENERATE(0.0, 0.2, 1.0);
  const SoftmaxCrossEntropy loss{smoothing};
  Tensor<double> logits = random_logits<double>(5, 7);
  const auto labels = random_labels(5, 7);
  Tensor<double> gradient(5, logits.shape());
  const Team team(1);
  loss(logits.view(), labels, gradient.view(), team);

  // The third derivative is below 1/2, so a step of 1e-4 leaves 1e-9; rounding the loss, about 5, leaves 1e-11.
  const double step = 1e-4;
  for (Index i = 0; i < logits.size(); ++i) {
    const double value = logits[i];
    logits[i] = value + step;
    const double above = loss(logits.view(), labels, team);
    logits[i] = value - step;
    const double below = loss(logits.view(), labels, team);
    logits[i] = value;
    CHECK(gradient[i] == Approx((above - below) / (2 * step)).epsilon(0).margin(2e-9));
  }
}

TEST_CASE("softmax cross-entropy: the same bits on any number of threads") {
  const auto logits = random_logits<float>(77, 100);
  const auto labels = random_labels(77, 100);
  const auto run = [&](int threads) {
    Tensor<float> gradient(77, logits.shape());
    const double result = SoftmaxCrossEntropy{}(logits.view(), labels, gradient.view(), Team(threads));
    return std::pair(result, std::vector(gradient.data(), gradient.data() + gradient.size()));
  };
  const auto alone = run(1);
  CHECK(run(2) == alone);
  CHECK(run(4) == alone);
}

TEST_CASE("softmax cross-entropy: evaluating gives the loss of training") {
  const auto logits = random_logits<float>(40, 10);
  const auto labels = random_labels(40, 10);
  Tensor<float> gradient(40, logits.shape());
  const SoftmaxCrossEntropy loss{.label_smoothing = 0.1};
  const double trained = loss(logits.view(), labels, gradient.view(), Team(2));
  const double evaluated = loss(logits.view(), labels, Team(2));
  CHECK(evaluated == trained);
}

TEST_CASE("softmax cross-entropy: the gradient may overwrite the logits") {
  Tensor<float> logits = random_logits<float>(40, 10);
  const auto labels = random_labels(40, 10);
  Tensor<float> gradient(40, logits.shape());
  const SoftmaxCrossEntropy loss{.label_smoothing = 0.1};
  const double apart = loss(logits.view(), labels, gradient.view(), Team(1));
  const double in_place = loss(logits.view(), labels, logits.view(), Team(1));
  CHECK(in_place == apart);
  CHECK(std::equal(gradient.data(), gradient.data() + gradient.size(), logits.data()));
}

TEST_CASE("softmax cross-entropy: a class masked by -infinity has probability 0") {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto logits = make_logits<float>(1, {0, -infinity, 0});
  const std::vector<Label> labels{2};
  Tensor<float> gradient(1, logits.shape());
  CHECK(SoftmaxCrossEntropy{}(logits.view(), labels, gradient.view(), Team(1)) == Approx(std::log(2.0)));
  CHECK(gradient[0] == 0.5F);
  CHECK(gradient[1] == 0);
  CHECK(gradient[2] == -0.5F);
}

TEST_CASE("softmax cross-entropy: a NaN logit makes the loss NaN") {
  const std::size_t position = GENERATE(0U, 1U, 2U);
  std::vector<float> values{1, 2, 3};
  values[position] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<Label> labels{0};
  CHECK(std::isnan(SoftmaxCrossEntropy{}(make_logits(1, values).view(), labels, Team(1))));
}

TEST_CASE("softmax cross-entropy: refuses what it cannot use") {
  const auto logits = random_logits<float>(3, 10);
  Tensor<float> gradient(3, logits.shape());
  const std::vector<Label> labels{0, 9, 5};
  const auto evaluate = [&](const std::vector<Label>& of, double smoothing = 0) {
    return SoftmaxCrossEntropy{smoothing}(logits.view(), of, gradient.view(), Team(1));
  };
  CHECK_NOTHROW(evaluate(labels));
  CHECK_THROWS_AS(evaluate({0, 10, 5}), ArgumentError);
  CHECK_THROWS_WITH(evaluate({0, 10, 5}),
                    ContainsSubstring("the label of sample 1 must be in 0 ... 9 (10 classes), got 10"));
  CHECK_THROWS_WITH(evaluate({0, 9, -1}), ContainsSubstring("the label of sample 2 must be in 0 ... 9"));
  CHECK_THROWS_WITH(evaluate({0, 9}), ContainsSubstring("3 rows of outputs but 2 labels"));
  CHECK_THROWS_WITH(evaluate(labels, -0.1), ContainsSubstring("label smoothing must be in 0 ... 1, got -0.1"));
  CHECK_THROWS_WITH(evaluate(labels, 1.5), ContainsSubstring("label smoothing must be in 0 ... 1, got 1.5"));

  const SoftmaxCrossEntropy loss;
  CHECK_THROWS_WITH(loss(TensorView<const float>{logits.data(), 0, logits.shape()}, std::span<const Label>{}, Team(1)),
                    ContainsSubstring("at least one sample, got 0 of 1x1x10"));
  CHECK_THROWS_WITH(loss(TensorView<const float>{logits.data(), 3, {2, 1, 5}}, labels, Team(1)),
                    ContainsSubstring("got 3 of 2x1x5"));
  Tensor<float> small(2, logits.shape());
  CHECK_THROWS_WITH(loss(logits.view(), labels, small.view(), Team(1)),
                    ContainsSubstring("must be 3 of 1x1x10, got 2 of 1x1x10"));
}

namespace {

SoftmaxCrossEntropy loss_of_case(const nlohmann::json& expected) {
  SoftmaxCrossEntropy loss{.label_smoothing = expected["label_smoothing"],
                           .class_weights = expected["class_weights"].get<std::vector<double>>()};
  if (expected.contains("ignored_class") && !expected["ignored_class"].is_null())
    loss.ignored_class = expected["ignored_class"].get<Label>();
  return loss;
}

}  // namespace

TEMPLATE_TEST_CASE("softmax cross-entropy: with class weights, an ignored class and probabilities it is PyTorch's", "",
                   float, double) {
  const std::string group = GENERATE("labels", "probabilities");
  test::check_loss_follows_pytorch<TestType>(
      group, 4, [](const std::string&, const auto& expected) { return std::optional(loss_of_case(expected)); });
}

TEST_CASE("softmax cross-entropy: weighted, its gradient is the derivative of the loss") {
  auto it = test::random_case<double>(5, 4);
  it.rows = {};
  it.labels = {0, 3, 1, 1, 2};
  test::check_loss_derivative(
      SoftmaxCrossEntropy{.label_smoothing = 0.2, .class_weights = {1, 2, 0.5, 0}, .ignored_class = 0}, it, 1e-9);
}

TEST_CASE("softmax cross-entropy: a row with 1 at the label is as good as the label") {
  const auto logits = random_logits<double>(20, 10);
  const auto labels = random_labels(20, 10);
  Tensor<double> rows(20, logits.shape());
  for (Index n = 0; n < 20; ++n) rows.view().sample(n)[labels[static_cast<std::size_t>(n)]] = 1;
  const SoftmaxCrossEntropy loss{.label_smoothing = 0.1};
  CHECK(loss(logits.view(), rows.view(), Team(1)) == Approx(loss(logits.view(), labels, Team(1))).epsilon(1e-14));
}

TEST_CASE("softmax cross-entropy: refuses weights, ignored classes and probabilities that it cannot use") {
  const auto logits = random_logits<float>(2, 3);
  const std::vector<Label> labels{0, 1};
  const auto evaluate = [&](const SoftmaxCrossEntropy& loss) { return loss(logits.view(), labels, Team(1)); };
  CHECK_THROWS_WITH(evaluate({.class_weights = {1, 1}}), "expected a class weight for each of 3 outputs, got 2");
  CHECK_THROWS_WITH(evaluate({.class_weights = {1, -2, 1}}), "a class weight must be finite and not negative, got -2");
  const SoftmaxCrossEntropy none_counts{.class_weights = {0, 0, 1}};
  Tensor<float> gradient(2, logits.shape());
  CHECK_THROWS_WITH(none_counts(logits.view(), labels, gradient.view(), Team(1)),
                    ContainsSubstring("2 labels of which none counts: all are ignored or have the weight 0"));
  CHECK(evaluate(none_counts) == 0);
  CHECK_THROWS_WITH(SoftmaxCrossEntropy{.ignored_class = 1}(logits.view(), logits.view(), Team(1)),
                    "softmax cross-entropy ignores a class among labels, and got probabilities of classes");
  CHECK_NOTHROW(evaluate({.ignored_class = 7}));
  const auto against = [&](const std::vector<float>& rows) {
    return SoftmaxCrossEntropy{}(logits.view(), make_logits(2, rows).view(), Team(1));
  };
  CHECK_NOTHROW(against({0.5F, 0.5F, 0, 0, 0, 1}));
  CHECK_THROWS_WITH(against({0.5F, 0.5F, 0, 0, 1, 1}), ContainsSubstring("with the sum 1, got the sum 2 for sample 1"));
  CHECK_THROWS_WITH(against({0.5F, 0.5F, 0, -1, 1, 1}), ContainsSubstring("got a negative one for sample 1"));
}
