#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/engine/run.hpp>
#include <lamina/kernels/batch_norm.hpp>
#include <lamina/kernels/moments.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// What forward needs beyond the memory of the pass.
template <class T>
struct ForwardOptions {
  bool training = false;
  RandomPosition random{};
  T* updated_statistics = nullptr;  ///< the running statistics to move; null in inference
  const T* frozen = nullptr;        ///< prepared weights with batch norms folded in (freeze.hpp); null for none
  Index whole_batch = 0;            ///< images of the batch, where this pass computes a part of them; else 0
};

/// Runs the forward steps of a program.
template <class T>
class ForwardPass {
 public:
  ForwardPass(const Run<T>& run, const ForwardOptions<T>& options)
      : run_(run), program_(run.program()), options_(options) {}

  [[gnu::cold]] void operator()() {
    for (const ForwardStep& step : program_.forward) {
      switch (step.kind) {
        case ForwardKind::kernel:
          run_kernel(step);
          break;
        case ForwardKind::moments:
          compute_moments(step.value);
          break;
        case ForwardKind::normalize:
          if (!step.folds || options_.frozen == nullptr) normalize(step.operation);
          break;
        case ForwardKind::materialize:
          write(run_.expression(step.value), run_.writable(step.value));
          break;
        case ForwardKind::copy:
          copy(step);
          break;
      }
    }
  }

 private:
  void run_kernel(const ForwardStep& step) {
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

  void convolve(const ForwardStep& step) {
    const auto& row = program_.template row<ConvolutionRow>(step.operation);
    const ValueId input = program_.read(step.operation);
    const T* const weights = run_.parameters(step.operation);
    kernels::ConvolutionForward<T> pass{.team = run_.team(),
                                        .weights = weights,
                                        .bias = row.bias_of(weights),
                                        .scratch = run_.scratch(),
                                        .input = step.keeps_input ? run_.expression(input) : run_.read(input),
                                        .output = run_.writable(step.value),
                                        .whole_batch = options_.whole_batch,
                                        .epilogue = run_.epilogue(step.value)};
    if (step.keeps_input) pass.kept_input = run_.writable(input);
    if (step.moments) {
      pass.mean = run_.mean(step.value);
      pass.variance = run_.variance(step.value);
    }
    if (options_.frozen != nullptr) {
      pass.prepared = options_.frozen + frozen_;
      pass.epilogue.scale = nullptr;  // folded into the weights, as the shift is into the bias
      pass.epilogue.shift = nullptr;
      frozen_ += whole_lines<T>(row.prepared_size(row.shape));
    }
    row.forward(row.shape, pass);
  }

  void pool(const ForwardStep& step) {
    const auto& row = program_.template row<PoolingRow>(step.operation);
    const ValueId input = program_.read(step.operation);
    kernels::PoolingForward<T> pass{.team = run_.team(),
                                    .scratch = run_.scratch(),
                                    .input = step.keeps_input ? run_.expression(input) : run_.read(input),
                                    .output = run_.writable(step.value)};
    if (step.keeps_input) pass.kept_input = run_.writable(input);
    if (step.moments) {
      pass.mean = run_.mean(step.value);
      pass.variance = run_.variance(step.value);
    }
    row.forward(row.geometry, pass);
  }

  void scale_channels(const ForwardStep& step) {
    const ValueId input = program_.read(step.operation);
    program_.template row<ChannelScalingRow>(step.operation)
        .forward({.team = run_.team(),
                  .scratch = run_.scratch(),
                  .input = step.keeps_input ? run_.expression(input) : run_.read(input),
                  .kept_input = step.keeps_input ? run_.writable(input) : TensorView<T>{},
                  .factors = run_.value(program_.read(step.operation, 1)),
                  .output = run_.writable(step.value),
                  .epilogue = run_.epilogue(step.value)});
  }

  void run_layer(const ForwardStep& step) {
    const Operation& operation = program_.operation(step.operation);
    RandomPosition random = options_.random;
    random.layer = static_cast<std::uint32_t>(operation.layer);
    T* const updated = options_.training ? options_.updated_statistics + operation.statistics_offset : nullptr;
    T* const saved =
        options_.training ? run_.at(run_.layout().saved[static_cast<std::size_t>(step.operation)]) : nullptr;
    program_.template row<LayerRow>(step.operation)
        .forward({.team = run_.team(),
                  .training = options_.training,
                  .random = random,
                  .parameters = run_.parameters(step.operation),
                  .statistics = run_.statistics(step.operation),
                  .updated_statistics = updated,
                  .saved = saved,
                  .scratch = run_.scratch(),
                  .input = run_.value(program_.read(step.operation)),
                  .output = run_.writable(step.value)});
  }

  void compute_moments(ValueId value) {
    kernels::batch_moments<T>(run_.team(), run_.value(value), run_.scratch(),
                              {.mean = run_.mean(value), .variance = run_.variance(value)});
  }

  /// Scale and shift of a batch norm: of the batch, whose moments also move the running statistics, or of those.
  void normalize(int operation) {
    const auto& row = program_.template row<BatchNormRow>(operation);
    const Index channels = program_.operation(operation).output.channels;
    const NormCoefficients<T> norm = run_.norm(operation);
    const ValueId source = program_.read(operation);
    const T* variance = run_.statistics(operation) + channels;
    if (options_.training) {
      variance = run_.variance(source);
      kernels::update_running_statistics(channels, run_.value(source).pixels(), row.momentum, norm.mean, variance,
                                         options_.updated_statistics + program_.operation(operation).statistics_offset);
    }
    kernels::invert_deviation(channels, row.epsilon, variance, norm.inverse_deviation);
    const T* const parameters = run_.parameters(operation);
    kernels::normalization(channels, row.gamma_of(parameters), row.beta_of(parameters, channels), norm.mean,
                           norm.inverse_deviation, norm.scale, norm.shift);
  }

  void write(const kernels::Expression<T>& expression, const TensorView<T>& to) {
    const Index pixels = to.shape.pixels();
    run_.team().for_parts(to.batch, [&](Range samples, Index) {
      kernels::materialize(expression, samples.begin * pixels, samples.size() * pixels, to.sample(samples.begin),
                           to.stride);
    });
  }

  void copy(const ForwardStep& step) {
    const Shape shape = program_.shape(step.value);
    const TensorView<T> to = step.target == kNone ? run_.output() : run_.slice(step.target, step.channel, shape);
    write(run_.read(step.value), to);
  }

  const Run<T>& run_;
  const Program<T>& program_;
  ForwardOptions<T> options_;
  Index frozen_ = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
