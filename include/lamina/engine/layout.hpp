#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/engine/program.hpp>
#include <lamina/kernels/moments.hpp>

/// @file
/// Where the tensors of a program lie in a workspace's memory, in values of T from its beginning.

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// Channel vectors of a batch norm: `kVectors` of them, one behind the other.
struct NormVectors {
  static constexpr Index kVectors =
      5;  ///< inverse deviation, scale, shift; in backward the raw tensor's factor and shift
  /// Behind them without gamma and beta: what would be their gradients.
  static constexpr Index kSums = 2;
};

/// Pixels whose signal is measured at a time (signals.hpp), and the values of scratch memory that it takes a thread.
inline constexpr Index kSignalPixels = 32;
[[nodiscard]] constexpr Index signal_scratch(Index channels) { return kSignalPixels * channels; }

/// The memory that a program keeps between its steps, for batches of up to `batch` samples.
struct Layout {
  std::vector<Index> values;     ///< of roots: the value
  std::vector<Index> moments;    ///< of moments owners: mean, then variance
  std::vector<Index> norms;      ///< of operations that are batch norms: NormVectors
  std::vector<Index> shifts;     ///< of sums of two batch norms: their common shift
  std::vector<Index> factors;    ///< of concatenations: factors of their values in their gradient, then shifts
  std::vector<Index> saved;      ///< of operations that are layers: what they keep for backward
  std::vector<Index> gradients;  ///< of gradient slots
  Index size = 0;                ///< of all of it
  Index scratch = 0;             ///< where memory begins that any step may use
};

namespace detail {

/// Counts memory from the beginning on.
template <class T>
class Allotment {
 public:
  Index take(Index size) {
    const Index begin = size_;
    size_ += whole_lines<T>(size);
    return begin;
  }
  [[nodiscard]] Index size() const { return size_; }

 private:
  Index size_ = 0;
};

/// Scratch memory of the largest step.
template <class T>
[[nodiscard, gnu::cold]] Index largest_scratch(const Program<T>& program, Mode mode, Index batch, Index threads) {
  Index most = 0;
  Index channels = program.input.channels;
  for (std::size_t i = 0; i < program.operations.size(); ++i) {
    const Operation& operation = program.operations[i];
    channels = std::max(channels, operation.output.channels);
    if (const auto* const scaling = std::get_if<ChannelScalingRow<T>>(&program.rows[i])) {
      most = std::max(most, scaling->forward_scratch(operation.output, threads));
      if (mode == Mode::inference) continue;
      most = std::max(most, scaling->backward_scratch(operation.output, batch, threads));
    } else if (const auto* const convolution = std::get_if<ConvolutionRow<T>>(&program.rows[i])) {
      most = std::max(most, convolution->forward_scratch(convolution->shape, batch, threads));
      if (mode == Mode::inference) continue;
      most = std::max(most, convolution->backward_scratch(convolution->shape, batch, threads));
    } else if (const auto* const pooling = std::get_if<PoolingRow<T>>(&program.rows[i])) {
      most = std::max(most, pooling->scratch(pooling->geometry, batch, threads));
    } else if (const auto* const layer = std::get_if<LayerRow<T>>(&program.rows[i])) {
      most = std::max(most, layer->scratch(batch, threads));
    }
  }
  // A pass over a value leaves sums of its parts: of dz and of dz x_hat of two batch norms, or moments.
  const Index sums = whole_lines<T>(3 * channels) * Partition::kMostParts;
  const Index signals = mode == Mode::training ? threads * signal_scratch(channels) : 0;
  return std::max({most, sums, signals, kernels::batch_moments_scratch<T>(batch, channels)});
}

}  // namespace detail

/// Lays out the memory of a program.
template <class T>
[[nodiscard, gnu::cold]] Layout layout_of(const Program<T>& program, Mode mode, Index batch, Index threads) {
  Layout layout;
  detail::Allotment<T> memory;
  const std::size_t values = program.values.size();
  const std::vector<Index> of_values(values);
  const std::vector<Index> of_operations(program.operations.size());
  layout.values = of_values;
  layout.moments = of_values;
  layout.shifts = of_values;
  layout.factors = of_values;
  layout.norms = of_operations;
  layout.saved = of_operations;

  std::vector<Index> slots;
  for (const Index size : program.value_slots) slots.push_back(memory.take(batch * size));
  for (std::size_t v = 1; v < values; ++v) {
    const ValuePlan& plan = program.values[v];
    const auto id = static_cast<ValueId>(v);
    const Index channels = program.shape(id).channels;
    if (program.moments[v]) layout.moments[v] = memory.take(2 * channels);
    if (plan.summands[0].batch_norm != kNone && plan.summands[1].batch_norm != kNone) {
      layout.shifts[v] = memory.take(channels);
    }
    if (program.gradient(id).factors) layout.factors[v] = memory.take(2 * channels);
    if (!plan.in_memory || plan.root != id || id == program.output) continue;
    if (mode == Mode::training) {
      layout.values[v] = memory.take(batch * program.shape(id).size());
    } else if (program.value_slot[v] != kNone) {
      layout.values[v] = slots[static_cast<std::size_t>(program.value_slot[v])];
    }
  }
  if (program.moments[0]) layout.moments[0] = memory.take(2 * program.input.channels);
  for (std::size_t i = 0; i < program.operations.size(); ++i) {
    if (const auto* const norm = std::get_if<BatchNormRow<T>>(&program.rows[i])) {
      const Index vectors = NormVectors::kVectors + (norm->affine ? 0 : NormVectors::kSums);
      layout.norms[i] = memory.take(vectors * program.operations[i].output.channels);
    }
    const auto* const layer = std::get_if<LayerRow<T>>(&program.rows[i]);
    if (mode == Mode::training && layer != nullptr) layout.saved[i] = memory.take(layer->saved(batch));
  }
  for (const Index size : program.gradient_slots) layout.gradients.push_back(memory.take(batch * size));
  layout.scratch = memory.size();
  memory.take(detail::largest_scratch(program, mode, batch, threads));
  layout.size = memory.size();
  return layout;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
