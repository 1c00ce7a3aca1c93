#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <lamina/core/buffer.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/floating_point.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/evidence_collector.hpp>
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

/// The most batches that a step may be made of: their number times that of steps must stay a number.
inline constexpr Index kMaxMicroBatches = Index{1} << 20;

/// What may be said of the steps of a training.
struct StepOptions {
  std::uint64_t seed = 0;       ///< of dropout
  GradientClipping clipping{};  ///< of the gradients, with the norm that gradient flow has measured; it reports them as
                                ///< they were before, Model::gradients() holds them as they are after
  Index micro_batches = 1;      ///< batches that a step may be made of, at most kMaxMicroBatches
  Index evidence_interval = 8;  ///< one step of so many is measured for evidence(); 0 for none
};

/// What a step that is not over has gathered.
template <class T>
struct GatheredGradients {
  Index batches = 0;
  Index samples = 0;     ///< in those batches
  std::vector<T> sum{};  ///< of their mean gradients times their samples; empty without batches
};

/// One step of training and all it needs: forward, loss, backward, gradient flow, clipping if it is asked for,
/// optimiser. Steps allocate nothing, and their bits do not depend on the number of threads.
///
///     Model<Network> model(seed);
///     TrainingStep step(model, Adam<float>(Network::parameter_count), batch_size, Team{});
///     const BatchResult result = step(images, labels, learning_rate);
///
/// A step may be made of several batches, for which StepOptions::micro_batches makes room: gather() each, then
/// update(). The gradient is then the mean over all of their samples, as in one large batch, but that each batch has a
/// batch norm of its own and is normalised by weights of classes on its own. Its bits depend on how the samples are cut
/// into batches, as those of a sum do, and not on threads.
template <class Network, class T = float, Optimizer O = Adam<T>, Loss<T> L = SoftmaxCrossEntropy>
class TrainingStep {
 public:
  /// @param model  to train; must outlive this object
  /// @param batch  the largest number of images in a step
  /// @throws ArgumentError when batch < 1 or micro_batches is not in 1 ... kMaxMicroBatches
  [[gnu::cold]] TrainingStep(Model<Network, T>& model, O optimizer, Index batch, const Team& team, L loss = {},
                             const StepOptions& options = {})
      : model_(model),
        optimizer_(std::move(optimizer)),
        loss_(std::move(loss)),
        options_(checked(options)),
        sum_(options.micro_batches > 1 ? Network::parameter_count : 0),
        flow_(Network::parameters),
        workspace_(batch, team),
        evidence_(workspace_, options.evidence_interval) {}

  /// Trains on one batch. Subnormal numbers are flushed to zero, and the caller's floating-point mode restored.
  /// @return what the batch was worth before the parameters changed
  /// @throws NonFiniteError  when the loss or a gradient is NaN or infinite: names the step, counted from 1, and the
  ///                         layer; the parameters are as before the step
  /// @throws ArgumentError   images or targets that do not fit, a negative learning rate
  BatchResult operator()(TensorView<const T> images, const Targets<T>& targets, double learning_rate) {
    return train<kAnyTargets>(images, targets, learning_rate);
  }

  /// The same with labels, and with rows of target values.
  BatchResult operator()(TensorView<const T> images, std::span<const Label> labels, double learning_rate) {
    static_assert(target_kinds<L, T>.labels, "this loss takes target rows (TensorView<const T>), and got class labels");
    return train<TargetKinds{.labels = true}>(images, {.labels = labels}, learning_rate);
  }
  BatchResult operator()(TensorView<const T> images, TensorView<const T> rows, double learning_rate) {
    static_assert(target_kinds<L, T>.rows,
                  "this loss takes class labels (std::span<const Label>), and got target rows");
    return train<TargetKinds{.rows = true}>(images, {.rows = rows}, learning_rate);
  }

  /// Computes the gradients of a batch and adds them to those of the step that is under way.
  /// @throws NonFiniteError, ArgumentError  as operator(), and when the step has all its batches; what was gathered
  ///                                        before is left
  BatchResult gather(TensorView<const T> images, const Targets<T>& targets) {
    return gather_kinds<kAnyTargets>(images, targets);
  }

  /// Ends a step: gradient flow, clipping, optimiser.
  /// @throws NonFiniteError  a gradient that is not; the parameters are as before, and the step is given up
  /// @throws ArgumentError   a negative learning rate, a step without a batch
  [[gnu::cold, gnu::noinline]] void update(double learning_rate) {
    require_not_negative("the learning rate", learning_rate);
    if (gathered_ == 0) throw ArgumentError("a step needs a batch: gather() one before update()");
    const FlushSubnormals scope;
    if (options_.micro_batches > 1) average_gradients();
    gathered_ = 0;
    samples_ = 0;
    const bool measured_step = measured();
    flow_.add(std::as_const(model_).gradients(), optimizer_.steps() + 1, team());
    options_.clipping(model_.gradients(), flow_.step_norm(), team());
    const auto move = [&] { optimizer_.step(model_.parameters(), model_.gradients(), learning_rate, team()); };
    if (measured_step) {
      evidence_.around_update(model_, team(), move);
    } else {
      move();
    }
  }

  /// What the step under way has gathered, for checkpoints.
  [[nodiscard]] GatheredGradients<T> gathered() const {
    const auto sum = gathered_ > 0 ? sum_.span() : std::span<const T>{};
    return {.batches = gathered_, .samples = samples_, .sum = {sum.begin(), sum.end()}};
  }
  /// Continues from what another step has gathered.
  /// @throws ArgumentError  what it cannot have
  void restore(const GatheredGradients<T>& other) {
    const Index size = other.batches > 0 ? sum_.size() : 0;
    require(other.batches >= 0 && other.batches <= options_.micro_batches && std::ssize(other.sum) == size,
            "a step of " + std::to_string(options_.micro_batches) + " batches cannot have gathered " +
                std::to_string(other.batches) + " of them and " + std::to_string(other.sum.size()) + " gradients");
    require(other.batches > 0 ? other.samples >= other.batches : other.samples == 0,
            "a step that has gathered " + std::to_string(other.batches) + " batches cannot have gathered " +
                std::to_string(other.samples) + " samples");
    std::ranges::copy(other.sum, sum_.begin());
    gathered_ = other.batches;
    samples_ = other.samples;
  }

  [[nodiscard]] const O& optimizer() const { return optimizer_; }
  [[nodiscard]] O& optimizer() { return optimizer_; }
  [[nodiscard]] const L& loss() const { return loss_; }
  /// Of the steps since its last reset().
  [[nodiscard]] GradientFlow& gradient_flow() { return flow_; }
  [[nodiscard]] const GradientFlow& gradient_flow() const { return flow_; }
  /// What has been measured of one step in a few since its last reset(), which goes with that of gradient_flow().
  [[nodiscard]] EvidenceCollector<Network, T>& evidence() { return evidence_; }
  [[nodiscard]] const EvidenceCollector<Network, T>& evidence() const { return evidence_; }
  [[nodiscard]] const TrainingWorkspace<Network, T>& workspace() const { return workspace_; }
  [[nodiscard]] TrainingWorkspace<Network, T>& workspace() { return workspace_; }

 private:
  [[nodiscard]] const Team& team() const { return workspace_.team(); }

  /// A step for targets that have no other kinds.
  template <TargetKinds Kinds>
  BatchResult train(TensorView<const T> images, const Targets<T>& targets, double learning_rate) {
    require_not_negative("the learning rate", learning_rate);
    BatchResult result;
    team().together([&] {
      result = gather_kinds<Kinds>(images, targets);
      update(learning_rate);
    });
    return result;
  }

  /// gather() for targets that have no other kinds.
  template <TargetKinds Kinds>
  [[gnu::cold, gnu::noinline]] BatchResult gather_kinds(TensorView<const T> images, const Targets<T>& targets) {
    if (gathered_ >= options_.micro_batches)
      throw ArgumentError(message("a step takes ", options_.micro_batches, " batches: update() is due"));
    check_counts(images, targets);
    check_targets<T, Kinds>(loss_, {nullptr, images.batch, Network::output_shape}, targets);
    const FlushSubnormals scope;
    const Index draw = optimizer_.steps() * options_.micro_batches + gathered_;
    const RandomPosition random{.seed = options_.seed, .step = static_cast<std::uint32_t>(draw)};
    const TensorView<T> gradient = workspace_.output_gradient(images.batch);
    const TensorView<const T> output = model_.forward(workspace_, images, random);
    const double loss = loss_of<T, Kinds>(loss_, output, targets, gradient, team());
    const BatchResult result = batch_result(loss, output, targets_read_by(loss_, targets));
    if (!is_finite(result.loss)) {
      throw NonFiniteError(
          message("step ", optimizer_.steps() + 1, ": the loss is not finite, and neither is ", detail::blame(model_)));
    }
    const auto backward = [&] { model_.backward(workspace_, images, gradient, random); };
    if (gathered_ == 0 && measured()) {
      evidence_.around_backward(model_, workspace_, images, backward);
    } else {
      backward();
    }
    if (options_.micro_batches > 1) add_gradients(images.batch);
    ++gathered_;
    samples_ += images.batch;
    return result;
  }

  /// Whether the step under way is measured for the evidence. Counted since the reset() of gradient flow, so that every
  /// epoch has evidence of its beginning.
  [[nodiscard]] bool measured() const { return evidence_.measures(flow_.steps()); }

  static StepOptions checked(const StepOptions& options) {
    require_positive("the number of batches in a step", options.micro_batches);
    require_value(options.micro_batches <= kMaxMicroBatches, "the number of batches in a step",
                  "at most " + std::to_string(kMaxMicroBatches), options.micro_batches);
    return options;
  }

  /// Adds the gradients of a batch, weighed by its images.
  void add_gradients(Index images) {
    const T weight = static_cast<T>(images);
    const T* const gradients = std::as_const(model_).gradients().data();
    const bool first = gathered_ == 0;
    team().for_parts(sum_.size(), [&](Range range, Index) {
      for (Index i = range.begin; i < range.end; ++i)
        sum_[i] = first ? weight * gradients[i] : sum_[i] + weight * gradients[i];
    });
  }

  void average_gradients() {
    const T samples = static_cast<T>(samples_);
    T* const gradients = model_.gradients().data();
    team().for_parts(sum_.size(), [&](Range range, Index) {
      for (Index i = range.begin; i < range.end; ++i) gradients[i] = sum_[i] / samples;
    });
  }

  static void check_counts(const TensorView<const T>& images, const Targets<T>& targets) {
    const auto check = [&](Index count, const char* what) {
      if (count == 0 || count == images.batch) return;
      throw ArgumentError(message("a training step got ", images.batch, " images but ", count, what));
    };
    check(std::ssize(targets.labels), " labels");
    check(targets.rows.batch, " target rows");
    check(targets.teacher.batch, " rows of the teacher");
  }

  Model<Network, T>& model_;
  O optimizer_;
  L loss_;
  StepOptions options_;
  Buffer<T> sum_;  // gathered; empty where a step is one batch
  Index gathered_ = 0;
  Index samples_ = 0;
  GradientFlow flow_;
  TrainingWorkspace<Network, T> workspace_;
  EvidenceCollector<Network, T> evidence_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
