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
[[nodiscard]] std::string blame(const Model<Network, T>& model) {
  const Segment* tensor = first_not_finite<T>(Network::parameters, model.parameters());
  if (tensor == nullptr) tensor = first_not_finite<T>(Network::statistics, model.statistics());
  if (tensor == nullptr) {
    return "the output of " + std::string(Network::kinds.back()) + " " + std::to_string(Network::size - 1);
  }
  return std::string(tensor->kind) + " " + std::string(tensor->name.view());
}

}  // namespace detail

/// One step of training and all it needs: forward, loss, backward, gradient flow, clipping if it is asked for,
/// optimiser. Steps allocate nothing, and their bits do not depend on the number of threads.
///
///     Model<Network> model(seed);
///     TrainingStep step(model, Adam<float>(Network::parameter_count), batch_size, Team{});
///     const LossResult result = step(images, labels, learning_rate);
template <class Network, class T = float, Optimizer O = Adam<T>, Loss<T> L = SoftmaxCrossEntropy>
class TrainingStep {
 public:
  /// @param model  to train; must outlive this object
  /// @param batch  the largest number of images in a step
  /// @param seed   of dropout
  /// @param clipping  of the gradients, with the norm that gradient flow has measured; it reports them as they were
  ///                  before, Model::gradients() holds them as they are after
  /// @throws ArgumentError when batch < 1
  TrainingStep(Model<Network, T>& model, O optimizer, Index batch, const Team& team, L loss = {},
               std::uint64_t seed = 0, GradientClipping clipping = {})
      : model_(model),
        optimizer_(std::move(optimizer)),
        loss_(std::move(loss)),
        seed_(seed),
        clipping_(clipping),
        flow_(Network::parameters),
        workspace_(batch, team) {}

  /// Trains on one batch. Subnormal numbers are flushed to zero, and the caller's floating-point mode restored.
  /// @return loss and hits of the batch, before the parameters changed
  /// @throws NonFiniteError  when the loss or a gradient is NaN or infinite: names the step, counted from 1, and the
  ///                         layer; the parameters are as before the step
  /// @throws ArgumentError   images or labels that do not fit, a negative learning rate
  LossResult operator()(TensorView<const T> images, std::span<const Label> labels, double learning_rate) {
    if (std::ssize(labels) != images.batch) {
      throw ArgumentError("a training step got " + std::to_string(images.batch) + " images but " +
                          std::to_string(labels.size()) + " labels");
    }
    require_not_negative("the learning rate", learning_rate);
    LossResult result;
    workspace_.team().together([&] { result = train(images, labels, learning_rate); });
    return result;
  }

  [[nodiscard]] const O& optimizer() const { return optimizer_; }
  [[nodiscard]] O& optimizer() { return optimizer_; }
  [[nodiscard]] const L& loss() const { return loss_; }
  /// Of the steps since its last reset().
  [[nodiscard]] GradientFlow& gradient_flow() { return flow_; }
  [[nodiscard]] const GradientFlow& gradient_flow() const { return flow_; }
  [[nodiscard]] const TrainingWorkspace<Network, T>& workspace() const { return workspace_; }

 private:
  /// The step on checked arguments, in the team's scope.
  LossResult train(TensorView<const T> images, std::span<const Label> labels, double learning_rate) {
    const FlushSubnormals scope;
    const RandomPosition random{.seed = seed_, .step = static_cast<std::uint32_t>(optimizer_.steps())};
    const Index number = optimizer_.steps() + 1;
    const TensorView<T> gradient = workspace_.output_gradient(images.batch);
    const TensorView<const T> output = model_.forward(workspace_, images, random);
    const LossResult result = loss_(output, labels, gradient, workspace_.team());
    if (!is_finite(result.loss)) {
      throw NonFiniteError("step " + std::to_string(number) + ": the loss is not finite, and neither is " +
                           detail::blame(model_));
    }
    model_.backward(workspace_, images, gradient, random);
    flow_.add(std::as_const(model_).gradients(), number, workspace_.team());
    clipping_(model_.gradients(), flow_.step_norm(), workspace_.team());
    optimizer_.step(model_.parameters(), model_.gradients(), learning_rate, workspace_.team());
    return result;
  }

  Model<Network, T>& model_;
  O optimizer_;
  L loss_;
  std::uint64_t seed_;
  GradientClipping clipping_;
  GradientFlow flow_;
  TrainingWorkspace<Network, T> workspace_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
