#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/random.hpp>
#include <lamina/core/team.hpp>
#include <lamina/diagnostics/layer_probe.hpp>
#include <lamina/diagnostics/operation_table.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What a layer's backward says of its derivative, against finite differences of its forward.
struct BackwardCheck {
  std::string layer{};          ///< "detach 4.projection.0"
  bool on_shortcut = false;     ///< its output goes into an addition
  bool passes_nothing = false;  ///< its output is zero whatever it reads
  /// Derivative as backward has it over that of the differences: 1 where it is right, -1 with a wrong sign, 0 where
  /// nothing comes back.
  double input_ratio = 1;
  double parameter_ratio = 1;  ///< the same for its parameters; 1 where it has none
};

namespace detail {

/// Checks one layer that runs by its own definition. Kernels of the engine need no such check: tests of the library
/// have it.
template <class T>
class LayerBackwardChecker {
 public:
  LayerBackwardChecker(const engine::LayerRow<T>& row, const Team& team, TensorView<const T> input, const Shape& output)
      : row_(row),
        team_(team),
        input_(input.batch, input.shape),
        output_(input.batch, output),
        cotangent_(input.batch, output),
        saved_(row.saved(input.batch)),
        scratch_(row.scratch(input.batch, team.threads())) {
    input_.view().matrix() = input.matrix();
    RandomStream random(0, RandomPurpose::test, 1);
    for (Index i = 0; i < cotangent_.size(); ++i) cotangent_[i] = static_cast<T>(random.normal());
  }

  /// @param statistics  of the layer
  void run(std::vector<T> parameters, std::vector<T> statistics, const RandomPosition& random, BackwardCheck& check) {
    parameters_ = std::move(parameters);
    statistics_ = std::move(statistics);
    random_ = random;
    forward();
    check.passes_nothing = output_.view().matrix().cwiseAbs().maxCoeff() == 0;
    Tensor<T> input_gradient(input_.batch(), input_.shape());
    std::vector<T> gradients(parameters_.size());
    row_.backward({.team = team_,
                   .random = random_,
                   .parameters = parameters_.data(),
                   .gradients = gradients.data(),
                   .saved = saved_.data(),
                   .scratch = scratch_.data(),
                   .input = input_.view(),
                   .output = output_.view(),
                   .output_gradient = cotangent_.view(),
                   .input_gradient = input_gradient.view()});
    const auto size = static_cast<std::size_t>(input_.size());
    check.input_ratio = ratio({input_.data(), size}, {input_gradient.data(), size});
    check.parameter_ratio = ratio(parameters_, gradients);
  }

 private:
  void forward() {
    std::vector<T> updated = statistics_;
    row_.forward({.team = team_,
                  .training = true,
                  .random = random_,
                  .parameters = parameters_.data(),
                  .statistics = statistics_.data(),
                  .updated_statistics = updated.data(),
                  .saved = saved_.data(),
                  .scratch = scratch_.data(),
                  .input = input_.view(),
                  .output = output_.view()});
  }

  [[nodiscard]] double weighted_output() {
    forward();
    double sum = 0;
    for (Index i = 0; i < output_.size(); ++i)
      sum += static_cast<double>(cotangent_[i]) * static_cast<double>(output_[i]);
    return sum;
  }

  /// The claimed derivative along random directions over the measured one, by least squares; 1 where neither is seen.
  [[nodiscard]] double ratio(std::span<T> values, std::span<const T> gradient) {
    if (values.empty()) return 1;
    double squares = 0;
    for (const T value : values) squares += static_cast<double>(value) * static_cast<double>(value);
    const double typical = std::max(1e-3, std::sqrt(squares / static_cast<double>(values.size())));
    const std::vector<T> before(values.begin(), values.end());
    double claimed_squares = 0, products = 0, measured_squares = 0;
    for (std::uint32_t n = 0; n < kDirections; ++n) {
      RandomStream random(n, RandomPurpose::test, 2);
      std::vector<T> direction(values.size());
      for (T& component : direction) component = static_cast<T>(random.bits() % 2 == 0 ? 1 : -1);
      const auto at = [&](double step) {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = before[i] + static_cast<T>(step) * direction[i];
        return weighted_output();
      };
      const double step = 1e-2 * typical;
      const double measured = (at(step) - at(-step)) / (2 * step);
      double claimed = 0;
      for (std::size_t i = 0; i < values.size(); ++i)
        claimed += static_cast<double>(gradient[i]) * static_cast<double>(direction[i]);
      claimed_squares += claimed * claimed;
      products += claimed * measured;
      measured_squares += measured * measured;
    }
    std::ranges::copy(before, values.begin());
    forward();
    if (measured_squares == 0) return claimed_squares == 0 ? 1 : HUGE_VAL;
    return products / measured_squares;
  }

  static constexpr std::uint32_t kDirections = 6;

  const engine::LayerRow<T>& row_;
  Team team_;
  Tensor<T> input_;
  Tensor<T> output_;
  Tensor<T> cotangent_;
  Buffer<T> saved_;
  Buffer<T> scratch_;
  std::vector<T> parameters_;
  std::vector<T> statistics_;
  RandomPosition random_{};
};

}  // namespace detail

/// Checks the backward of every layer that runs by its own definition, at the values of the probe's last run. A layer
/// whose backward is meant to be another than its derivative (a straight-through estimator) shows, too.
template <class Network, class T>
[[nodiscard]] std::vector<BackwardCheck> check_backward(const LayerProbe<Network, T>& probe,
                                                        const Model<Network, T>& model) {
  const engine::Program<T>& program = probe.program();
  const std::vector<OperationEntry> entries = list_operations<Network>();
  std::vector<BackwardCheck> checks;
  for (int i = 0; i < static_cast<int>(program.operations.size()); ++i) {
    const auto* const row = std::get_if<engine::LayerRow<T>>(&program.rows[static_cast<std::size_t>(i)]);
    if (row == nullptr) continue;
    const engine::Operation& operation = program.operation(i);
    const OperationEntry& entry = entries[static_cast<std::size_t>(i)];
    BackwardCheck check{.layer = entry.text()};
    for (int reader = 0; reader < static_cast<int>(program.operations.size()); ++reader) {
      if (program.operation(reader).kind != engine::OperationKind::add) continue;
      check.on_shortcut |= program.read(reader, 0) == i + 1 || program.read(reader, 1) == i + 1;
    }
    Index size = 0;
    for (std::size_t p = 0; p < entry.parameters; ++p) size += Network::parameters[entry.first_parameter + p].size();
    const auto parameters = model.parameters().subspan(
        size == 0 ? 0 : static_cast<std::size_t>(operation.parameter_offset), static_cast<std::size_t>(size));
    const auto statistics = model.statistics().subspan(
        std::min(static_cast<std::size_t>(operation.statistics_offset), model.statistics().size()));
    detail::LayerBackwardChecker<T> checker(*row, probe.team(), probe.value(program.read(i)), operation.output);
    checker.run({parameters.begin(), parameters.end()}, {statistics.begin(), statistics.end()},
                {.layer = static_cast<std::uint32_t>(operation.layer)}, check);
    checks.push_back(check);
  }
  return checks;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
