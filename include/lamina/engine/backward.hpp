#pragma once

#include <algorithm>
#include <cstdint>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/engine/run.hpp>
#include <lamina/kernels/batch_norm.hpp>
#include <lamina/kernels/gradient_epilogue.hpp>
#include <lamina/kernels/gradient_expression.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// What backward needs beyond the memory of the pass.
template <class T>
struct BackwardOptions {
  RandomPosition random{};
  T* gradients = nullptr;  ///< of the parameters, to overwrite
  TensorView<const T> output_gradient{};
  TensorView<T> input_gradient{};                ///< to overwrite; empty where nobody wants it
  kernels::PartSquares* part_squares = nullptr;  ///< of the weights of each operation; null where nobody asks
};

/// Runs the backward steps of a program, after its forward steps on the same memory.
template <class T>
class BackwardPass {
 public:
  BackwardPass(const Run<T>& run, const BackwardOptions<T>& options)
      : run_(run), program_(run.program()), options_(options) {}

  [[gnu::cold]] void operator()() {
    clear_factors();
    for (const BackwardStep& step : program_.backward) {
      // The network's input asks for a gradient only where the caller does.
      const bool wanted = step.value != 0 || !options_.input_gradient.empty();
      switch (step.kind) {
        case BackwardKind::kernel:
          run_kernel(step);
          break;
        case BackwardKind::clear:
          clear(step.value);
          break;
        case BackwardKind::accumulate:
          if (wanted) accumulate(step);
          break;
        case BackwardKind::finish:
          finish(step);
          break;
        case BackwardKind::normalize:
          normalize(step);
          break;
      }
    }
  }

 private:
  using Gradient = kernels::GradientExpression<T>;
  using Epilogue = kernels::GradientEpilogue<T>;

  /// Factors of a concatenation's values in their gradient, and shifts: a value a channel.
  struct Factors {
    T* factor;
    T* shift;
  };
  [[nodiscard]] Factors factors(ValueId root, Index channel) const {
    T* const first = run_.at(run_.layout().factors[static_cast<std::size_t>(root)]);
    return {first + channel, first + program_.shape(root).channels + channel};
  }
  void clear_factors() const {
    for (ValueId value = 0; value < static_cast<ValueId>(program_.values.size()); ++value) {
      if (program_.gradient(value).factors)
        std::fill_n(factors(value, 0).factor, 2 * program_.shape(value).channels, T{0});
    }
  }

  [[nodiscard]] T* parameter_gradients(int operation) const {
    return options_.gradients + program_.operation(operation).parameter_offset;
  }

  /// Where the sums of a batch norm's gradients over the batch go, of dz x_hat and then of dz: they are the gradients
  /// of gamma and beta where it has them.
  [[nodiscard]] T* norm_sums(int operation) const {
    const bool affine = program_.template row<BatchNormRow>(operation).affine;
    return affine ? parameter_gradients(operation) : run_.norm(operation).sums;
  }

  /// The gradient memory of a value: its own or its slice of a concatenation's.
  [[nodiscard, gnu::noinline]] TensorView<T> memory(ValueId id, const Shape& shape) const {
    if (id == 0) return options_.input_gradient;
    const ValueId root = program_.shared_root(id);
    const GradientPlan& plan = program_.gradient(root == kNone ? id : root);
    T* const data = run_.at(run_.layout().gradients[static_cast<std::size_t>(plan.slot)]);
    if (root == kNone) return {data, run_.batch(), shape};
    return TensorView<T>{data, run_.batch(), program_.shape(root)}.channels(program_.value(id).channel, shape.channels);
  }
  [[nodiscard]] TensorView<T> memory(ValueId id) const { return memory(id, program_.shape(id)); }

  /// A gradient that lies in memory as it is, under a shape of the same size.
  [[nodiscard, gnu::noinline]] TensorView<const T> stored(const GradientSource& source, const Shape& shape) const {
    if (source.empty()) return {};
    if (source.loss) return {options_.output_gradient.data, run_.batch(), shape};
    return memory(source.value, shape);
  }

  [[nodiscard, gnu::noinline]] Gradient gradient(const GradientSource& source, const Shape& shape) const {
    if (source.slice) return part_of(source.value, source.channel, shape);
    if (source.batch_norm != kNone) {
      const NormCoefficients<T> norm = run_.norm(source.batch_norm);
      return {.gradient = stored({.value = source.value, .loss = source.loss}, shape),
              .scale = norm.scale,
              .raw = run_.value(source.raw),
              .raw_factor = norm.raw_factor,
              .shift = norm.raw_shift};
    }
    if (!source.loss && program_.shared_root(source.value) != kNone && !program_.gradient(source.value).resolved) {
      return part_of(program_.shared_root(source.value), program_.value(source.value).channel, shape);
    }
    return {.gradient = stored(source, shape)};
  }

  /// The gradient of some channels of a concatenation, with what its batch norms left to factors.
  [[nodiscard, gnu::noinline]] Gradient part_of(ValueId root, Index channel, const Shape& shape) const {
    Gradient part{.gradient = memory(root).channels(channel, shape.channels)};
    if (!program_.gradient(root).factors) return part;
    part.raw = TensorView<const T>(run_.value(root)).channels(channel, shape.channels);
    part.raw_factor = factors(root, channel).factor;
    part.shift = factors(root, channel).shift;
    return part;
  }

  /// What turns the gradient of a value into that of its z: activation and batch norms.
  [[gnu::noinline]] void go_through(ValueId id, Epilogue& epilogue) const {
    const ValuePlan& plan = program_.value(id);
    const bool by_sign = plan.in_memory && run_.activation(plan.activation).rectifier();
    if (by_sign || plan.kernel != kNone || id == 0) {
      epilogue.value = {.raw = run_.value(id), .activation = run_.activation(plan.activation)};
    } else {
      epilogue.value = run_.expression(id);
    }
    if (plan.kernel != kNone) return;
    std::size_t count = 0;
    for (const Summand& summand : plan.summands) {
      if (summand.batch_norm == kNone) continue;
      const NormCoefficients<T> norm = run_.norm(summand.batch_norm);
      T* const gamma = norm_sums(summand.batch_norm);
      epilogue.norms[count++] = {.raw = run_.value(summand.source),
                                 .mean = norm.mean,
                                 .inverse_deviation = norm.inverse_deviation,
                                 .gamma_gradient = gamma,
                                 .beta_gradient = gamma + program_.shape(id).channels};
    }
  }

  /// What a kernel does with the gradient of its input.
  [[nodiscard, gnu::noinline]] Epilogue epilogue_of(const BackwardStep& step) const {
    Epilogue epilogue;
    if (step.value == 0 && options_.input_gradient.empty()) return epilogue;
    epilogue.target = memory(step.shared == kNone ? step.value : step.shared, program_.shape(step.value));
    epilogue.added = stored(step.added, program_.shape(step.value));
    if (step.final) go_through(step.value, epilogue);
    if (step.shared != kNone) {
      epilogue.scale = run_.norm(program_.value(step.value).summands[0].batch_norm).scale;
      epilogue.accumulate = step.accumulate;
    }
    return epilogue;
  }

  void run_kernel(const BackwardStep& step) {
    switch (program_.operation(step.operation).kind) {
      case OperationKind::convolution:
        return convolve(step);
      case OperationKind::pooling:
        return pool(step);
      case OperationKind::channel_scale:
        return scale_channels(step);
      default:
        return run_layer(step);
    }
  }

  void convolve(const BackwardStep& step) {
    const auto& row = program_.template row<ConvolutionRow>(step.operation);
    T* const gradients = parameter_gradients(step.operation);
    row.backward(row.shape, {.team = run_.team(),
                             .weights = run_.parameters(step.operation),
                             .scratch = run_.scratch(),
                             .input = run_.read(step.value),
                             .output_gradient = gradient(step.source, program_.shape(step.result)),
                             .weight_gradient = gradients,
                             .bias_gradient = row.bias_of(gradients),
                             .input_gradient = epilogue_of(step),
                             .weight_parts = part_squares(step.operation)});
  }

  [[nodiscard]] kernels::PartSquares* part_squares(int operation) const {
    return options_.part_squares == nullptr ? nullptr : options_.part_squares + operation;
  }

  void pool(const BackwardStep& step) {
    const Epilogue epilogue = epilogue_of(step);
    if (!epilogue.wanted()) return;
    const auto& row = program_.template row<PoolingRow>(step.operation);
    row.backward(row.geometry, {.team = run_.team(),
                                .scratch = run_.scratch(),
                                .input = run_.read(step.value),
                                .output_gradient = gradient(step.source, program_.shape(step.result)),
                                .input_gradient = epilogue});
  }

  void scale_channels(const BackwardStep& step) {
    const ValueId factors = program_.read(step.operation, 1);
    program_.template row<ChannelScalingRow>(step.operation)
        .backward({.team = run_.team(),
                   .scratch = run_.scratch(),
                   .input = run_.read(step.value),
                   .factors = run_.value(factors),
                   .output_gradient = gradient(step.source, program_.shape(step.result)),
                   .factor_gradient = memory(step.factor_gradient, program_.shape(factors)),
                   .input_gradient = epilogue_of(step)});
  }

  void run_layer(const BackwardStep& step) {
    const Operation& operation = program_.operation(step.operation);
    RandomPosition random = options_.random;
    random.layer = static_cast<std::uint32_t>(operation.layer);
    const Shape input = program_.shape(step.value);
    TensorView<T> input_gradient;
    if (step.temporary != kNone) {
      input_gradient = memory(step.temporary, input);
    } else if (step.value != 0 || !options_.input_gradient.empty()) {
      input_gradient = memory(step.value);
    }
    program_.template row<LayerRow>(step.operation)
        .backward({.team = run_.team(),
                   .random = random,
                   .parameters = run_.parameters(step.operation),
                   .gradients = parameter_gradients(step.operation),
                   .saved = run_.at(run_.layout().saved[static_cast<std::size_t>(step.operation)]),
                   .scratch = run_.scratch(),
                   .input = run_.value(step.value),
                   .output = run_.value(step.result),
                   .output_gradient = stored(step.source, program_.shape(step.result)),
                   .input_gradient = input_gradient});
  }

  void clear(ValueId root) {
    const TensorView<T> all = memory(root);
    run_.team().for_parts(all.batch, [&](Range samples, Index) {
      std::fill_n(all.sample(samples.begin), samples.size() * all.sample_stride(), T{0});
    });
  }

  void accumulate(const BackwardStep& step) {
    const Shape shape = program_.shape(step.value);
    const TensorView<T> target = memory(step.value);
    const Gradient source = gradient(step.source, shape);
    const TensorView<const T> added = stored(step.added, shape);
    run_.team().for_parts(target.batch, [&](Range samples, Index) {
      kernels::accumulate(source, added, samples.begin * shape.pixels(), samples.size() * shape.pixels(), target);
    });
  }

  void finish(const BackwardStep& step) {
    const Shape shape = program_.shape(step.value);
    const ValueId root = program_.shared_root(step.value);
    // A slice is not yet free of its factors here; from now on it is.
    const Gradient source = root != kNone && step.source.value == step.value
                                ? part_of(root, program_.value(step.value).channel, shape)
                                : gradient(step.source, shape);
    Epilogue epilogue{.target = memory(step.value)};
    go_through(step.value, epilogue);
    const Partition partition{run_.batch()};
    const Index size = whole_lines<T>(epilogue.sums_size());
    run_.team().for_each(partition.parts(), [&](Index part, Index) {
      const Range samples = partition[part];
      const Range pixels{samples.begin * shape.pixels(), samples.end * shape.pixels()};
      T* const sums = run_.scratch() + part * size;
      std::fill_n(sums, size, T{0});
      const TensorView<T>& target = epilogue.target;
      T* const rows = target.sample(samples.begin);
      kernels::materialize(source, pixels.begin, pixels.size(), rows, target.stride);
      kernels::apply_epilogue<T>(epilogue, pixels, {rows, target.stride}, sums);
    });
    kernels::write_norm_gradients<T>(run_.team(), epilogue, {run_.scratch(), partition.parts(), size});
  }

  /// The factors of the gradient of what a batch norm read, from the sums over the batch.
  void normalize(const BackwardStep& step) {
    const ValueId source = program_.read(step.operation);
    const Index channels = program_.shape(source).channels;
    const NormCoefficients<T> norm = run_.norm(step.operation);
    const T* const gamma_gradient = norm_sums(step.operation);
    const auto& row = program_.template row<BatchNormRow>(step.operation);
    kernels::normalization_gradient(channels, run_.batch() * program_.shape(source).pixels(),
                                    row.gamma_of(run_.parameters(step.operation)), norm.mean, norm.inverse_deviation,
                                    gamma_gradient, gamma_gradient + channels, norm.scale, norm.raw_factor,
                                    norm.raw_shift);
    if (step.shared == kNone) return;
    const Factors sums = factors(program_.shared_root(step.shared), program_.value(step.shared).channel);
    for (Index c = 0; c < channels; ++c) {
      sums.factor[c] += norm.raw_factor[c];
      sums.shift[c] += norm.raw_shift[c];
    }
  }

  const Run<T>& run_;
  const Program<T>& program_;
  BackwardOptions<T> options_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
