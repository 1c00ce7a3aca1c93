#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/floating_point.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/gradient_flow.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/losses/loss.hpp>
#include <lamina/losses/softmax_cross_entropy.hpp>
#include <lamina/losses/targets.hpp>
#include <lamina/metrics/batch_result.hpp>
#include <lamina/network/model.hpp>
#include <lamina/optimizers/adam.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/optimizers/gradient_clipping.hpp>
#include <lamina/optimizers/optimizer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

/// The first tensor that holds a NaN or an infinity, or null.
template <class T>
[[nodiscard]] const Segment* first_not_finite(std::span<const Segment> tensors, std::span<const T> values) {
  const auto finite = [&](const Segment& tensor) {
    const auto part = values.subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.size()));
    return std::ranges::all_of(part, [](T value) { return is_finite(value); });
  };
  const auto found = std::ranges::find_if_not(tensors, finite);
  return found == tensors.end() ? nullptr : &*found;
}

/// Where a loss that is not finite comes from: the first layer whose running statistics or parameters are not, else the
/// last layer, whose output is all that remains.
template <class Network, class T>
[[nodiscard, gnu::cold, gnu::noinline]] std::string blame(const Model<Network, T>& model) {
  const Segment* tensor = first_not_finite<T>(Network::parameters, model.parameters());
  if (tensor == nullptr) tensor = first_not_finite<T>(Network::statistics, model.statistics());
  if (tensor == nullptr) {
    return message("the output of ", Network::kinds.back(), " ", Network::size - 1);
  }
  return message(tensor->kind, " ", tensor->name.view());
}

}  // namespace detail

/// What may be said of the steps of a training.
struct StepOptions {
  std::uint64_t seed = 0;       ///< of dropout
  GradientClipping clipping{};  ///< of the gradients, with the norm that gradient flow has measured; it reports them as
                                ///< they were before, Model::gradients() holds them as they are after
};

/// One step of training and all it needs: forward, loss, backward, gradient flow, clipping if it is asked for,
/// optimiser. Steps allocate nothing, and their bits do not depend on the number of threads.
///
///     Model<Network> model(seed);
///     TrainingStep step(model, Adam<float>(Network::parameter_count), batch_size, Team{});
///     const BatchResult result = step(images, labels, learning_rate);
template <class Network, class T = float, Optimizer O = Adam<T>, Loss<T> L = SoftmaxCrossEntropy>
class TrainingStep {
 public:
  /// @param model  to train; must outlive this object
  /// @param batch  the largest number of images in a step
  /// @throws ArgumentError when batch < 1
  TrainingStep(Model<Network, T>& model, O optimizer, Index batch, const Team& team, L loss = {},
               const StepOptions& options = {})
      : model_(model),
        optimizer_(std::move(optimizer)),
        loss_(std::move(loss)),
        options_(options),
        flow_(Network::parameters),
        workspace_(batch, team) {}

  /// Trains on one batch. Subnormal numbers are flushed to zero, and the caller's floating-point mode restored.
  /// @return what the batch was worth before the parameters changed
  /// @throws NonFiniteError  when the loss or a gradient is NaN or infinite: names the step, counted from 1, and the
  ///                         layer; the parameters are as before the step
  /// @throws ArgumentError   images or targets that do not fit, a negative learning rate
  BatchResult operator()(TensorView<const T> images, const Targets<T>& targets, double learning_rate) {
    check_counts(images, targets);
    require_targets<T>(loss_, {.labels = !targets.labels.empty(), .rows = !targets.rows.empty()});
    require_not_negative("the learning rate", learning_rate);
    const FlushSubnormals scope;
    const RandomPosition random{.seed = options_.seed, .step = static_cast<std::uint32_t>(optimizer_.steps())};
    const Index number = optimizer_.steps() + 1;
    const TensorView<T> gradient = workspace_.output_gradient(images.batch);
    const TensorView<const T> output = model_.forward(workspace_, images, random);
    const BatchResult result = batch_result(loss_of<T>(loss_, output, targets, gradient, team()), output, targets);
    if (!is_finite(result.loss)) {
      throw NonFiniteError(
          message("step ", number, ": the loss is not finite, and neither is ", detail::blame(model_)));
    }
    model_.backward(workspace_, images, gradient, random);
    flow_.add(std::as_const(model_).gradients(), number, team());
    options_.clipping(model_.gradients(), flow_.step_norm(), team());
    optimizer_.step(model_.parameters(), model_.gradients(), learning_rate, team());
    return result;
  }

  /// The same with labels, and with rows of target values.
  BatchResult operator()(TensorView<const T> images, std::span<const Label> labels, double learning_rate) {
    static_assert(target_kinds<L, T>.labels, "this loss takes target rows (TensorView<const T>), and got class labels");
    return (*this)(images, Targets<T>{.labels = labels}, learning_rate);
  }
  BatchResult operator()(TensorView<const T> images, TensorView<const T> rows, double learning_rate) {
    static_assert(target_kinds<L, T>.rows,
                  "this loss takes class labels (std::span<const Label>), and got target rows");
    return (*this)(images, Targets<T>{.rows = rows}, learning_rate);
  }

  [[nodiscard]] const O& optimizer() const { return optimizer_; }
  [[nodiscard]] O& optimizer() { return optimizer_; }
  [[nodiscard]] const L& loss() const { return loss_; }
  /// Of the steps since its last reset().
  [[nodiscard]] GradientFlow& gradient_flow() { return flow_; }
  [[nodiscard]] const GradientFlow& gradient_flow() const { return flow_; }
  [[nodiscard]] const TrainingWorkspace<Network, T>& workspace() const { return workspace_; }

 private:
  [[nodiscard]] const Team& team() const { return workspace_.team(); }

  static void check_counts(const TensorView<const T>& images, const Targets<T>& targets) {
    const auto check = [&](Index count, const char* what) {
      if (count == 0 || count == images.batch) return;
      throw ArgumentError("a training step got " + std::to_string(images.batch) + " images but " +
                          std::to_string(count) + what);
    };
    check(std::ssize(targets.labels), " labels");
    check(targets.rows.batch, " target rows");
    check(targets.teacher.batch, " rows of the teacher");
  }

  Model<Network, T>& model_;
  O optimizer_;
  L loss_;
  StepOptions options_;
  GradientFlow flow_;
  TrainingWorkspace<Network, T> workspace_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
