#pragma once

#include <algorithm>

#include <lamina/core/buffer.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/engine/layout.hpp>
#include <lamina/kernels/batch_norm.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// Values of the prepared weights of all convolutions.
template <class T>
[[nodiscard]] Index frozen_size(const Program<T>& program) {
  Index size = 0;
  for (const KernelRow<T>& row : program.rows) {
    const auto* const convolution = std::get_if<ConvolutionRow<T>>(&row);
    if (convolution != nullptr) size += whole_lines<T>(convolution->prepared_size(convolution->shape));
  }
  return size;
}

namespace detail {

/// Multiplies weights and bias by what a batch norm with running statistics makes of them.
template <class T>
void fold_norm(const Program<T>& program, int operation, const T* parameters, const T* statistics, Buffer<T>& weights,
               Buffer<T>& bias) {
  const Operation& norm = program.operation(operation);
  const Index channels = norm.output.channels;
  const auto& row = program.template row<BatchNormRow>(operation);
  const T* const values = parameters + norm.parameter_offset;
  const T* const running = statistics + norm.statistics_offset;
  Buffer<T> vectors(3 * channels);
  T* const inverse_deviation = vectors.data();
  T* const scale = inverse_deviation + channels;
  T* const shift = scale + channels;
  kernels::invert_deviation(channels, row.epsilon, running + channels, inverse_deviation);
  kernels::normalization(channels, row.gamma_of(values), row.beta_of(values, channels), running, inverse_deviation,
                         scale, shift);
  for (Index i = 0; i < weights.size(); ++i) weights[i] *= scale[i % channels];
  for (Index c = 0; c < channels; ++c) bias[c] = bias[c] * scale[c] + shift[c];
}

}  // namespace detail

/// Writes the weights of all convolutions in the form that their kernels compute with, in the order in which they run;
/// the batch norms in their epilogues are folded into them (Jacob et al. 2018, section 3.2, without the quantisation).
template <class T>
void freeze(const Program<T>& program, const T* parameters, const T* statistics, T* frozen) {
  for (const ForwardStep& step : program.forward) {
    if (step.kind != ForwardKind::kernel || program.operation(step.operation).kind != OperationKind::convolution) {
      continue;
    }
    const auto& row = program.template row<ConvolutionRow>(step.operation);
    const T* const values = parameters + program.operation(step.operation).parameter_offset;
    Buffer<T> weights(row.shape.weight_size());
    Buffer<T> bias(row.shape.outputs());
    std::copy_n(values, weights.size(), weights.data());
    if (row.bias) std::copy_n(row.bias_of(values), bias.size(), bias.data());
    const int norm = program.value(step.value).summands[0].batch_norm;
    if (norm != kNone) detail::fold_norm(program, norm, parameters, statistics, weights, bias);
    row.prepare(row.shape, weights.data(), bias.data(), frozen);
    frozen += whole_lines<T>(row.prepared_size(row.shape));
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
