#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <lamina/diagnostics/gradient_flow.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// Weights of 8 (0.weight), 16 (2.branch.0.weight) and 6 values (4.weight).
using Net = Sequential<Image<4, 4, 2>, Conv2d<4, 1>, BatchNorm, Residual<Conv2d<4, 1>, LeakyReLU>, GlobalAvgPool,
                       Linear<2, LinearOptions{.bias = false}>>;

std::vector<float> gradients(float value) {
  return std::vector<float>(static_cast<std::size_t>(Net::parameter_count), value);
}

using Texts = std::vector<std::string>;

/// "conv 0.weight, weight": kind, name, and whether it is a weight tensor.
Texts described(const std::vector<TensorFlow>& flow) {
  Texts texts;
  for (const TensorFlow& tensor : flow) {
    texts.push_back(tensor.kind + " " + std::string(tensor.name.view()) + (tensor.is_weight ? ", weight" : ""));
  }
  return texts;
}

std::vector<float> not_finite_in(std::string_view tensor, float bad) {
  auto values = gradients(1);
  const auto segment = std::ranges::find(Net::parameters, tensor, [](const Segment& s) { return s.name.view(); });
  values[static_cast<std::size_t>(segment->offset + segment->size() - 1)] = bad;
  return values;
}

}  // namespace

TEST_CASE("gradient flow: lists every parameter tensor from input to output, with its layer's kind") {
  GradientFlow flow(Net::parameters);
  flow.add<float>(gradients(1), 0);
  CHECK(described(flow.average()) == Texts{"conv 0.weight, weight", "conv 0.bias", "batch_norm 1.weight",
                                           "batch_norm 1.bias", "conv 2.branch.0.weight, weight",
                                           "conv 2.branch.0.bias", "linear 4.weight, weight"});
}

TEST_CASE("gradient flow: the weight tensors are those of two dimensions or more, in their order") {
  GradientFlow flow(Net::parameters);
  flow.add<float>(gradients(1), 0);
  CHECK(described(weight_tensors(flow.average())) ==
        Texts{"conv 0.weight, weight", "conv 2.branch.0.weight, weight", "linear 4.weight, weight"});
  CHECK(weight_tensors({}).empty());
}

TEST_CASE("gradient flow: averages means and norms over steps, and keeps the largest value") {
  GradientFlow flow(Net::parameters);
  flow.add<float>(gradients(2), 0);
  auto second = gradients(-4);
  second[0] = 12;
  flow.add<float>(second, 1);
  CHECK(flow.steps() == 2);
  const auto average = flow.average();
  // 0.weight: eight values of 2; then seven of -4 and one 12.
  CHECK(average[0].mean_abs == Approx((2 + (7 * 4 + 12) / 8.0) / 2));
  CHECK(average[0].l2_norm == Approx((std::sqrt(32.0) + std::sqrt(7 * 16 + 144.0)) / 2));
  CHECK(average[0].max_abs == 12);
  // 1.weight, batch norm's gamma: four values of 2, then of -4.
  CHECK(average[2].mean_abs == Approx(3));
  CHECK(average[2].l2_norm == Approx((4 + 8) / 2.0));
  CHECK(average[2].max_abs == 4);
  // 2.branch.0.weight: sixteen values of 2, then of -4.
  CHECK(average[4].mean_abs == Approx(3));
  CHECK(average[4].l2_norm == Approx((8 + 16) / 2.0));
  CHECK(average[4].max_abs == 4);
}

TEST_CASE("gradient flow: an epoch begins without the one before") {
  GradientFlow flow(Net::parameters);
  flow.add<float>(gradients(100), 0);
  flow.reset();
  flow.add<float>(gradients(1), 1);
  CHECK(flow.steps() == 1);
  CHECK(flow.average()[0].mean_abs == 1);
  CHECK(flow.average()[0].max_abs == 1);
}

TEST_CASE("gradient flow: knows the norm of all gradients of the last step, biases and batch norm included") {
  GradientFlow flow(Net::parameters);
  CHECK(flow.step_norm() == 0);
  flow.add<float>(gradients(100), 0);
  flow.add<float>(gradients(-3), 1);
  const double expected = 3 * std::sqrt(static_cast<double>(Net::parameter_count));
  CHECK(flow.step_norm() == Approx(expected).epsilon(1e-14));
  CHECK_THROWS(flow.add<float>(not_finite_in("0.weight", std::numeric_limits<float>::infinity()), 2));
  CHECK(flow.step_norm() == Approx(expected).epsilon(1e-14));
  flow.reset();
  CHECK(flow.step_norm() == 0);
}

TEST_CASE("gradient flow: gradients of a plain VGG38, 1e-18, keep their norm") {
  GradientFlow flow(Net::parameters);
  flow.add<float>(gradients(1e-30F), 0);
  CHECK(weight_tensors(flow.average())[1].l2_norm == Approx(4e-30));
}

TEST_CASE("gradient flow: a gradient that is not finite stops with step and layer") {
  const float bad = GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                             -std::numeric_limits<float>::infinity());
  const auto stops_with = [&](std::string_view tensor, const std::string& message) {
    GradientFlow flow(Net::parameters);
    CHECK_THROWS_AS(flow.add<float>(not_finite_in(tensor, bad), 17), NonFiniteError);
    CHECK_THROWS_WITH(flow.add<float>(not_finite_in(tensor, bad), 17), message);
    CHECK(flow.steps() == 0);
  };
  stops_with("2.branch.0.weight", "step 17: the gradient of conv 2.branch.0.weight is not finite");
  stops_with("4.weight", "step 17: the gradient of linear 4.weight is not finite");
  stops_with("0.bias", "step 17: the gradient of conv 0.bias is not finite");
  stops_with("1.weight", "step 17: the gradient of batch_norm 1.weight is not finite");
}

TEST_CASE("gradient flow: of several gradients that are not finite, backward met the last layer's first") {
  auto values = not_finite_in("0.weight", std::numeric_limits<float>::quiet_NaN());
  values[10] = std::numeric_limits<float>::infinity();
  const auto last = not_finite_in("4.weight", std::numeric_limits<float>::quiet_NaN());
  std::copy(last.end() - 8, last.end(), values.end() - 8);
  GradientFlow flow(Net::parameters);
  CHECK_THROWS_WITH(flow.add<float>(values, 3), ContainsSubstring("linear 4.weight"));
}

TEST_CASE("gradient flow: a step that stops leaves the average as it was") {
  GradientFlow flow(Net::parameters);
  flow.add<float>(gradients(1), 0);
  CHECK_THROWS(flow.add<float>(not_finite_in("0.weight", std::numeric_limits<float>::infinity()), 1));
  CHECK(flow.steps() == 1);
  for (const TensorFlow& tensor : flow.average()) CHECK(tensor.mean_abs == 1);
}

TEST_CASE("gradient flow: refuses gradients of another network, and an average of nothing") {
  GradientFlow flow(Net::parameters);
  CHECK_THROWS_WITH(flow.average(), "gradient flow has no average before its first step");
  CHECK_THROWS_WITH(flow.add<float>(std::vector<float>(3), 0), ContainsSubstring(" gradients, got 3"));
  CHECK_THROWS_AS(flow.add<float>(std::vector<float>(3), 0), ArgumentError);
}
