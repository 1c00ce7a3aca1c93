#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <lamina/core/random.hpp>
#include <lamina/core/team.hpp>
#include <lamina/losses/loss.hpp>

#include "../catch.hpp"
#include "../reference/reference.hpp"

namespace lamina::test {

/// Rows of equal length as a tensor.
template <class T>
[[nodiscard]] Tensor<T> make_rows(Index batch, const std::vector<T>& values) {
  Tensor<T> rows(batch, {.channels = std::ssize(values) / batch});
  std::copy(values.begin(), values.end(), rows.data());
  return rows;
}

template <class T>
[[nodiscard]] Tensor<T> random_rows(Index batch, Index outputs, std::uint32_t number, double scale = 2) {
  RandomStream random(number, RandomPurpose::test);
  std::vector<T> values(static_cast<std::size_t>(batch * outputs));
  for (T& value : values) value = static_cast<T>(scale * random.normal());
  return make_rows(batch, values);
}

/// A case of target_losses.json in T.
template <class T>
struct LossCase {
  explicit LossCase(const nlohmann::json& expected)
      : outputs(make_rows(expected["batch"].template get<Index>(), numbers<T>(expected["outputs"]))),
        gradient(outputs.batch(), outputs.shape()) {
    if (expected.contains("rows")) rows = make_rows(outputs.batch(), numbers<T>(expected["rows"]));
    if (expected.contains("teacher")) teacher = make_rows(outputs.batch(), numbers<T>(expected["teacher"]));
    if (expected.contains("labels")) labels = expected["labels"].template get<std::vector<Label>>();
  }

  [[nodiscard]] Targets<T> targets() const {
    Targets<T> all{.labels = labels};
    if (rows.size() > 0) all.rows = rows.view();
    if (teacher.size() > 0) all.teacher = teacher.view();
    return all;
  }

  Tensor<T> outputs;
  Tensor<T> gradient;
  Tensor<T> rows;
  Tensor<T> teacher;
  std::vector<Label> labels;
};

/// Compares a loss with PyTorch's in every case of a group: the value, with and without a gradient, and the gradient.
/// Rounding outputs and targets to T moves a loss by no more than the sum of their magnitudes times the slope, which is
/// below `steepness`, and double arithmetic adds little.
template <class T, class Make>
void check_loss_follows_pytorch(const std::string& group, double steepness, const Make& make) {
  const double unit = std::is_same_v<T, float> ? 0x1p-24 : 0x1p-52;
  const auto cases = reference("target_losses.json")[group];
  int compared = 0;
  for (const auto& [name, expected] : cases.items()) {
    const auto loss = make(name, expected);
    if (!loss) continue;
    CAPTURE(name);
    ++compared;
    LossCase<T> it(expected);
    const Team team(2);
    double largest = 1;
    for (Index i = 0; i < it.outputs.size(); ++i) largest = std::max<double>(largest, std::abs(it.outputs[i]));
    const double margin = 16 * unit * steepness * largest;
    const double value = loss_of<T>(*loss, it.outputs.view(), it.targets(), it.gradient.view(), team);
    CHECK(value == Approx(expected["loss"].template get<double>()).epsilon(8 * unit).margin(margin));
    CHECK(loss_of<T>(*loss, it.outputs.view(), it.targets(), {}, team) == value);
    const auto gradient = numbers<double>(expected["gradient"]);
    double sizes = 0;
    for (Index i = 0; i < it.gradient.size(); ++i) {
      CAPTURE(i);
      const double number = gradient[static_cast<std::size_t>(i)];
      CHECK(it.gradient[i] ==
            Approx(number).epsilon(8 * unit).margin(margin / static_cast<double>(it.outputs.batch())));
      sizes += std::abs(number);
    }
    REQUIRE(sizes > 0.1);
  }
  REQUIRE(compared > 0);
}

/// Checks that the gradient is the derivative of the loss, by differences of the second order.
template <class L>
void check_loss_derivative(const L& loss, LossCase<double>& it, double tolerance) {
  const Team team(1);
  const auto evaluate = [&] { return loss_of<double>(loss, it.outputs.view(), it.targets(), {}, team); };
  static_cast<void>(loss_of<double>(loss, it.outputs.view(), it.targets(), it.gradient.view(), team));
  const double step = 1e-5;
  for (Index i = 0; i < it.outputs.size(); ++i) {
    const double value = std::exchange(it.outputs[i], it.outputs[i] + step);
    const double above = evaluate();
    it.outputs[i] = value - step;
    const double below = evaluate();
    it.outputs[i] = value;
    CHECK(it.gradient[i] == Approx((above - below) / (2 * step)).epsilon(0).margin(tolerance));
  }
}

/// Checks that loss and gradient have the same bits on 1, 2 and 4 threads.
template <class L>
void check_loss_bits(const L& loss, LossCase<float>& it) {
  const auto run = [&](int threads) {
    const double value = loss_of<float>(loss, it.outputs.view(), it.targets(), it.gradient.view(), Team(threads));
    return std::pair(value, std::vector(it.gradient.data(), it.gradient.data() + it.gradient.size()));
  };
  const auto alone = run(1);
  CHECK(run(2) == alone);
  CHECK(run(4) == alone);
}

/// A case with random outputs and rows.
template <class T>
[[nodiscard]] LossCase<T> random_case(Index batch, Index outputs, bool probabilities = false) {
  LossCase<T> it(nlohmann::json{{"batch", 1}, {"outputs", {0.0}}});
  it.outputs = random_rows<T>(batch, outputs, 1);
  it.rows = random_rows<T>(batch, outputs, 2);
  if (probabilities) {
    for (Index i = 0; i < it.rows.size(); ++i) it.rows[i] = 1 / (1 + std::exp(it.rows[i]));
  }
  it.gradient = Tensor<T>(batch, it.outputs.shape());
  return it;
}

}  // namespace lamina::test
