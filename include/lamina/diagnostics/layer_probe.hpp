#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <lamina/core/buffer.hpp>
#include <lamina/core/floating_point.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/diagnostics/activation_moments.hpp>
#include <lamina/diagnostics/layer_measurement.hpp>
#include <lamina/diagnostics/operation_table.hpp>
#include <lamina/engine/engine.hpp>
#include <lamina/engine/planner.hpp>
#include <lamina/losses/loss.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/tensor_checks.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What one operation does to activations and errors on a batch.
struct OperationMeasurement {
  ValueMeasurement output{};
  double error = 0;             ///< L2 norm of the gradient of the mean loss with respect to the output, over the batch
  bool error_measured = false;  ///< false of what the engine computes in one with its reader, such as an addition
  double dead = 0;              ///< of a rectifier: dead_share()
  double saturated = 0;         ///< of another activation: saturated_share()
  double amplification = 1;     ///< of a batch norm: the largest 1 / sqrt(variance + epsilon) of a channel
};

namespace detail {

/// The plan of a step that fuses nothing. The kernels are those of the fused step: a program that uses precompiled
/// networks compiles none.
template <class Network>
inline constexpr auto kProbePlan = engine::plan(engine::graph<Network>, engine::Mode::training, engine::Fusion::none);

}  // namespace detail

/// Runs one batch through a network, forward and backward, and lets every value be looked at: a training step that
/// fuses nothing, whose backward steps are run one by one. Slow, and it allocates; the model stays as it is.
template <class Network, class T = float>
class LayerProbe {
 public:
  /// @param batch  the largest number of images
  /// @throws ArgumentError  a batch below 1
  LayerProbe(Index batch, const Team& team)
      : team_(team),
        batch_((require(batch > 0, "the batch size must be positive, got " + std::to_string(batch)), batch)),
        engine_(engine::training_engine<Network, T, engine::Fusion::full>()),
        program_(planned(*engine_.program, detail::kProbePlan<Network>)),
        layout_(engine_.layout(program_, engine::Mode::training, batch, team.threads())),
        memory_(layout_.size),
        gradients_(Network::parameter_count),
        output_(batch, Network::output_shape),
        output_gradient_(batch, Network::output_shape),
        image_gradient_(batch, Network::input_shape),
        operations_(program_.operations.size()) {}

  /// Forward, loss and backward.
  /// @throws ArgumentError  images that do not fit, and what the loss throws
  template <Loss<T> L>
  double run(const Model<Network, T>& model, TensorView<const T> images, const Targets<T>& targets, const L& loss) {
    check_images<Network>(batch_, images);
    check_training_batch<Network>(images.batch);
    const FlushSubnormals scope;
    images_ = images;
    parameters_ = model.parameters();
    statistics_.assign(model.statistics().begin(), model.statistics().end());
    const engine::ForwardOptions<T> options{.training = true, .updated_statistics = statistics_.data()};
    engine_.forward(program_, layout_, memory(), options);
    measure_values();
    const double value = loss_of<T>(loss, output(), targets, output_gradient_.view().samples(0, images.batch), team_);
    go_back();
    return value;
  }

  [[nodiscard]] const engine::Program<T>& program() const { return program_; }
  /// In the order of list_operations().
  [[nodiscard]] std::span<const OperationMeasurement> operations() const { return operations_; }
  /// Of the images.
  [[nodiscard]] const ValueMeasurement& input() const { return input_; }
  /// A value of the last run, by its number: 0 is the images, i + 1 the result of operation i.
  [[nodiscard]] TensorView<const T> value(engine::ValueId id) const {
    return engine::Run<T>(program_, layout_, memory()).value(id);
  }
  [[nodiscard]] TensorView<const T> output() const { return output_.view().samples(0, images_.batch); }
  /// Gradients of the last run, as Model::gradients().
  [[nodiscard]] std::span<const T> gradients() const { return gradients_.span(); }
  /// Gradient of the mean loss with respect to the images of the last run.
  [[nodiscard]] TensorView<const T> image_gradient() const { return image_gradient_.view().samples(0, images_.batch); }
  [[nodiscard]] const Team& team() const { return team_; }

 private:
  /// A program with another plan.
  template <std::size_t N>
  [[nodiscard]] static engine::Program<T> planned(engine::Program<T> program, const engine::Plan<N>& plan) {
    program.values = plan.values;
    program.forward = std::span(plan.forward).first(plan.forward_count);
    program.backward = std::span(plan.backward).first(plan.backward_count);
    program.gradients = plan.gradients;
    program.gradient_slots =
        std::span(plan.gradient_slots.sizes).first(static_cast<std::size_t>(plan.gradient_slots.count));
    program.value_slot = plan.value_slot;
    program.value_slots = std::span(plan.value_slots.sizes).first(static_cast<std::size_t>(plan.value_slots.count));
    program.shared_roots = plan.shared_roots;
    program.moments = plan.moments;
    return program;
  }

  [[nodiscard]] engine::RunMemory<T> memory() const {
    return {.team = team_,
            .parameters = parameters_.data(),
            .statistics = statistics_.data(),
            .memory = memory_.data(),
            .input = images_,
            .output = output_.view().samples(0, images_.batch)};
  }

  [[nodiscard]] OperationMeasurement& measurement(engine::ValueId value) {
    return operations_[static_cast<std::size_t>(value - 1)];
  }

  void measure_values() {
    input_ = measure_value<T>(images_);
    for (int i = 0; i < static_cast<int>(operations_.size()); ++i) {
      OperationMeasurement& result = operations_[static_cast<std::size_t>(i)];
      result = {.output = measure_value<T>(value(i + 1))};
      const engine::KernelRow<T>& row = program_.rows[static_cast<std::size_t>(i)];
      if (const auto* const activation = std::get_if<engine::ActivationRow<T>>(&row)) {
        measure_activation(activation->activation, value(program_.read(i)), result);
      } else if (std::holds_alternative<engine::BatchNormRow<T>>(row)) {
        const engine::NormCoefficients<T> norm = engine::Run<T>(program_, layout_, memory()).norm(i);
        const Index channels = program_.operation(i).output.channels;
        result.amplification =
            static_cast<double>(*std::max_element(norm.inverse_deviation, norm.inverse_deviation + channels));
      }
    }
  }

  static void measure_activation(const kernels::Activation<T>& activation, const TensorView<const T>& input,
                                 OperationMeasurement& result) {
    if (activation.rectifier()) {
      result.dead = dead_share<T>(input);
      return;
    }
    double largest = 0;
    for (int i = -40; i <= 40; ++i)
      largest = std::max(largest, std::abs(detail::derivative(activation, static_cast<double>(i) / 10)));
    result.saturated = saturated_share<T>(activation, input, largest);
  }

  void go_back() {
    engine::Program<T> step = program_;
    for (std::size_t i = 0; i < program_.backward.size(); ++i) {
      step.backward = program_.backward.subspan(i, 1);
      const engine::BackwardStep& now = step.backward.front();
      if (now.kind == engine::BackwardKind::kernel) measure_error(now.result, stored(now.source, now.result));
      engine_.backward(step, layout_, memory(),
                       {.gradients = gradients_.data(),
                        .output_gradient = output_gradient_.view().samples(0, images_.batch),
                        .input_gradient = image_gradient_.view().samples(0, images_.batch)});
      if (now.kind == engine::BackwardKind::finish) measure_finished(now.value);
    }
  }

  /// Behind a batch norm a finished gradient is that of the value; behind an activation, of what it read, which is all
  /// of it only where nobody else reads that.
  void measure_finished(engine::ValueId value) {
    const bool norm = program_.operation(value - 1).kind == engine::OperationKind::batch_norm;
    const engine::ValueId of = norm ? value : program_.read(value - 1);
    if (of == 0 || (!norm && readers(of) > 1)) return;
    measure_error(of, gradient_memory(value));
  }

  [[nodiscard]] Index readers(engine::ValueId value) const {
    return std::ranges::count(program_.reads, value) + static_cast<Index>(value == program_.output);
  }

  void measure_error(engine::ValueId value, const TensorView<const T>& gradient) {
    OperationMeasurement& result = measurement(value);
    result.error = std::sqrt(gradient.matrix().template cast<double>().squaredNorm());
    result.error_measured = true;
  }

  /// A gradient that lies in memory as it is: without fusion, all that kernels read.
  [[nodiscard]] TensorView<const T> stored(const engine::GradientSource& source, engine::ValueId result) const {
    const Shape shape = program_.shape(result);
    if (source.loss) return {output_gradient_.data(), images_.batch, shape};
    TensorView<const T> gradient = gradient_memory(source.value);
    if (gradient.dense()) gradient = {gradient.data, images_.batch, shape};
    return gradient;
  }

  /// Where the gradient of a value lies: by itself, or as a slice of a concatenation's.
  [[nodiscard]] TensorView<const T> gradient_memory(engine::ValueId value) const {
    if (value == 0) return image_gradient();
    const engine::ValueId root = program_.shared_root(value);
    const bool temporary = value > static_cast<engine::ValueId>(operations_.size());
    const engine::GradientPlan& plan = program_.gradient(root == engine::kNone ? value : root);
    const T* const data = memory_.data() + layout_.gradients[static_cast<std::size_t>(plan.slot)];
    if (temporary) return {data, images_.batch, {1, 1, 0}};
    const Shape shape = program_.shape(value);
    if (root == engine::kNone) return {data, images_.batch, shape};
    return TensorView<const T>{data, images_.batch, program_.shape(root)}.channels(program_.value(value).channel,
                                                                                   shape.channels);
  }

  Team team_;
  Index batch_;
  engine::Engine<T> engine_;
  engine::Program<T> program_;
  engine::Layout layout_;
  mutable Buffer<T> memory_;  // RunMemory has no form for those that only read
  Buffer<T> gradients_;
  mutable Tensor<T> output_;
  Tensor<T> output_gradient_;
  Tensor<T> image_gradient_;
  std::vector<OperationMeasurement> operations_;
  ValueMeasurement input_;
  TensorView<const T> images_{};
  std::span<const T> parameters_{};
  std::vector<T> statistics_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
