#pragma once

#include <algorithm>
#include <cstddef>

#include <lamina/core/buffer.hpp>
#include <lamina/network/fused_units.hpp>

namespace lamina {

/// Runs a network unit by unit in inference: batch norm, shortcut and activation are applied to a convolution's output
/// before it is written, and in one pass where there is no convolution.
template <class Network, class T>
class FusedInference : FusedUnits<Network, T> {
  using Units = FusedUnits<Network, T>;
  using typename Units::Deferred;
  using Units::aligned, Units::coefficients_, Units::deferred, Units::largest, Units::largest_scratch, Units::operation;
  using Units::plan_, Units::resolve, Units::run_plain, Units::units_;

 public:
  /// Values of scratch memory.
  static constexpr Index scratch(Index batch, Index threads) {
    return plan_.value_slots * largest(batch) + coefficients_ + largest_scratch(batch, threads);
  }

  /// Values of the frozen weights.
  static constexpr Index frozen_size() {
    Index size = 0;
    for (std::size_t u = 0; u < units_; ++u) size += frozen_size(u);
    return size;
  }

  /// Folds each convolution's batch norm, with its running statistics, into the weights and bias of the convolution,
  /// and prepares them for infer().
  static void freeze(const T* parameters, const T* statistics, T* frozen) {
    for (std::size_t u = 0; u < units_; ++u) {
      if (!plan_.units[u].convolution) continue;
      freeze_convolution(plan_.units[u], plan_.shapes[u + 1].channels, parameters, statistics, frozen);
      frozen += frozen_size(u);
    }
  }

  /// Inference with the parameters and running statistics of the pass or, where it is not null, with what freeze()
  /// wrote.
  static void infer(const Forward<T>& pass, const T* frozen = nullptr) {
    const Index batch = pass.input.batch;
    T* const coefficients = pass.scratch + plan_.value_slots * largest(batch);
    T* const scratch = coefficients + coefficients_;
    const auto value_data = [&](std::size_t value) -> const T* {
      return value == 0 ? pass.input.data : pass.scratch + plan_.units[value - 1].value_slot * largest(batch);
    };
    TensorView<const T> input = pass.input;
    for (std::size_t u = 0; u < units_; ++u) {
      const FusedUnit& unit = plan_.units[u];
      const bool last = u + 1 == units_;
      const TensorView<T> output{last ? pass.output.data : pass.scratch + unit.value_slot * largest(batch), batch,
                                 plan_.shapes[u + 1]};
      const T* const shortcut =
          unit.shortcut == FusedUnit::none ? nullptr : value_data(static_cast<std::size_t>(unit.shortcut));
      if (unit.convolution) {
        infer_convolution(pass, unit, input, output, shortcut, frozen, coefficients, scratch);
        if (frozen != nullptr) frozen += frozen_size(u);
      } else if (unit.layer != FusedUnit::none) {
        run_plain(pass, unit, input, nullptr, scratch, output);
      } else {
        if (unit.batch_norm != FusedUnit::none) {
          running_normalization(unit, output.shape.channels, pass.parameters, pass.statistics, coefficients);
        }
        resolve(pass.team, deferred(unit, input, coefficients, shortcut), output.data);
      }
      input = output;
    }
  }

 private:
  static void infer_convolution(const Forward<T>& pass, const FusedUnit& unit, const TensorView<const T>& input,
                                const TensorView<T>& output, const T* shortcut, const T* frozen, T* coefficients,
                                T* scratch) {
    const Operation<T>& layer = operation(unit.layer);
    kernels::ConvolutionForward<T> step{
        .team = pass.team, .scratch = scratch, .input = {.raw = input}, .output = output};
    if (frozen != nullptr) {
      FusedUnit folded = unit;
      folded.batch_norm = FusedUnit::none;
      step.prepared = frozen;
      step.after = deferred(folded, {}, nullptr, shortcut);
      layer.convolve(layer.geometry, step);
      return;
    }
    if (unit.batch_norm != FusedUnit::none) {
      running_normalization(unit, output.shape.channels, pass.parameters, pass.statistics, coefficients);
    }
    step.weights = pass.parameters + layer.layer.parameter_offset;
    step.bias = layer.bias(step.weights);
    step.after = deferred(unit, {}, coefficients, shortcut);
    layer.convolve(layer.geometry, step);
  }

  /// Scale and shift of a batch norm with running statistics, where deferred() looks for them.
  static void running_normalization(const FusedUnit& unit, Index channels, const T* parameters, const T* statistics,
                                    T* coefficients) {
    const Operation<T>& norm = operation(unit.batch_norm);
    const T* const running = statistics + norm.layer.statistics_offset;
    const T* const gamma = parameters + norm.layer.parameter_offset;
    kernels::invert_deviation(channels, norm.epsilon, running + channels, coefficients + channels);
    kernels::normalization(channels, gamma, gamma + channels, running, coefficients + channels,
                           coefficients + 2 * channels, coefficients + 3 * channels);
  }

  static constexpr Index frozen_size(std::size_t u) {
    return plan_.units[u].convolution ? operation(plan_.units[u].layer).prepared_size : 0;
  }

  static void freeze_convolution(const FusedUnit& unit, Index channels, const T* parameters, const T* statistics,
                                 T* frozen) {
    const Operation<T>& layer = operation(unit.layer);
    const T* const values = parameters + layer.layer.parameter_offset;
    Buffer<T> weights(layer.weight_size);
    Buffer<T> bias(channels);
    std::copy_n(values, layer.weight_size, weights.data());
    if (layer.has_bias) std::copy_n(layer.bias(values), channels, bias.data());
    if (unit.batch_norm != FusedUnit::none) {
      Buffer<T> coefficients(4 * channels);
      running_normalization(unit, channels, parameters, statistics, coefficients.data());
      const T* const scale = coefficients.data() + 2 * channels;
      const T* const shift = coefficients.data() + 3 * channels;
      for (Index i = 0; i < weights.size(); ++i) weights[i] *= scale[i % channels];
      for (Index c = 0; c < channels; ++c) bias[c] = bias[c] * scale[c] + shift[c];
    }
    layer.prepare(weights.data(), bias.data(), frozen);
  }
};

}  // namespace lamina
