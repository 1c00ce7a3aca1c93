#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/convolution_kernel.hpp>
#include <lamina/kernels/winograd/layout.hpp>
#include <lamina/kernels/winograd/transpose.hpp>

/// @file
/// The transforms of weights (kernel row, kernel column, input, output) and of their gradients.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd {

/// Some weights, and how they lie in memory.
template <class T>
struct WeightsPlace {
  const T* data = nullptr;  ///< of the first input and output
  Index tap_stride = 0;     ///< values from one kernel position to the next
  Index row_stride = 0;     ///< values from one input to the next

  [[nodiscard]] const T* at(Index tap, Index input, Index output) const {
    return data + tap * tap_stride + input * row_stride + output;
  }

  /// The weights of a convolution from an input and an output on.
  [[nodiscard]] static WeightsPlace of(const ConvolutionShape& shape, const T* weights, Index input = 0,
                                       Index output = 0) {
    return {weights + input * shape.outputs() + output, shape.inputs() * shape.outputs(), shape.outputs()};
  }
};

/// Sets what the panels have beside a matrix to zero.
template <class T>
void clear_padding(const PanelLayout<T>& layout, T* matrix) {
  if (layout.columns % layout.lanes != 0) std::fill_n(matrix, layout.size(), T{0});
}

namespace detail {

/// Transforms a vector of kernels. read(tap) gives their weights.
template <class T, Index Lanes, class Read>
[[gnu::always_inline]] inline void transform_kernels(Index point_stride, T* to, const Read& read) {
  transform_tile<WeightTransform, T, Lanes>(
      [&](Index i, Index j) { return read(3 * i + j); },
      [&](Index i, Index j, Vector<T, Lanes> value) { store<T, Lanes>(to + (i * kInput + j) * point_stride, value); });
}

}  // namespace detail

/// The weights of a wide layer in the order in which forward reads them: (panel of outputs, block of inputs, kernel
/// position, input, output). Each panel and block is a right factor of direct products as well.
template <class T>
struct GatheredWeights {
  static constexpr Index panel = PanelLayout<T>::panel;
  static constexpr Index block = kGroup<T>;

  Index inputs = 0;

  /// Where the weights of a block of inputs and a panel of outputs begin.
  [[nodiscard]] constexpr Index offset(Range block_inputs, Range panel_outputs) const {
    return 9 * (inputs * panel_outputs.begin + block_inputs.begin * panel_outputs.size());
  }
  [[nodiscard]] static WeightsPlace<T> place(const T* weights, Range block_inputs, Range panel_outputs) {
    return {weights, block_inputs.size() * panel_outputs.size(), panel_outputs.size()};
  }
};

/// Copies the weights of some inputs and outputs to `to`, in the order (kernel position, input, output).
template <class T>
void gather_weights(const ConvolutionShape& shape, const T* weights, Range inputs, Range outputs, T* to) {
  const auto from = WeightsPlace<T>::of(shape, weights, inputs.begin, outputs.begin);
  for (Index tap = 0; tap < 9; ++tap) {
    for (Index input = 0; input < inputs.size(); ++input, to += outputs.size()) {
      std::copy_n(from.at(tap, input, 0), outputs.size(), to);
    }
  }
}

/// Transforms weights for forward, an inputs x outputs matrix a point: those of some of its rows and columns, the first
/// of which lies at weights.data.
template <class T, Index OutputLanes>
void transform_weights(const WeightsPlace<T>& weights, const PanelLayout<T>& layout, Range rows, Range columns,
                       T* prepared) {
  for (Index row = rows.begin; row < rows.end; ++row) {
    for (Index column = columns.begin; column < columns.end; column += OutputLanes) {
      detail::transform_kernels<T, OutputLanes>(
          layout.point_stride(), prepared + layout.offset(row, column),
          [&](Index tap) { return load<T, OutputLanes>(weights.at(tap, row - rows.begin, column - columns.begin)); });
    }
  }
}

/// Transforms weights for backward: an outputs x inputs matrix a point. Squares of inputs and outputs are transposed in
/// registers on the way.
template <class T, Index InputLanes, Index OutputLanes>
void transform_weights_back(const WeightsPlace<T>& weights, const PanelLayout<T>& layout, T* prepared) {
  constexpr Index lanes = std::min(InputLanes, OutputLanes);
  for (Index output = 0; output < layout.rows; output += lanes) {
    for (Index input = 0; input < layout.columns; input += lanes) {
      VectorTile<T, lanes, 9, lanes> taps;
      for (Index tap = 0; tap < 9; ++tap) {
        VectorRow<T, lanes, lanes> square;
#pragma GCC unroll 16
        for (Index i = 0; i < lanes; ++i) square[i] = load<T, lanes>(weights.at(tap, input + i, output));
        transpose<T, lanes>(square);
#pragma GCC unroll 16
        for (Index i = 0; i < lanes; ++i) taps[tap][i] = square[i];
      }
      for (Index i = 0; i < lanes; ++i) {
        detail::transform_kernels<T, lanes>(layout.point_stride(), prepared + layout.offset(output + i, input),
                                            [&](Index tap) { return taps[tap][i]; });
      }
    }
  }
}

/// The gradients of some weights, and whether they are added to.
template <class T>
struct WeightGradientPlace {
  T* data = nullptr;     ///< of the first input and output
  Index tap_stride = 0;  ///< values from one kernel position to the next
  Index row_stride = 0;  ///< values from one input to the next
  bool add = false;
};

/// Writes the gradients of weights for an inputs x outputs matrix of sums a point.
template <class T, Index OutputLanes>
void transform_weight_gradient(const PanelLayout<T>& layout, const T* sums, const WeightGradientPlace<T>& gradient) {
  const Index point_stride = layout.point_stride();
  for (Index row = 0; row < layout.rows; ++row) {
    for (Index column = 0; column < layout.columns; column += OutputLanes) {
      const T* const from = sums + layout.offset(row, column);
      T* const to = gradient.data + row * gradient.row_stride + column;
      transform_tile<WeightGradientTransform, T, OutputLanes>(
          [&](Index i, Index j) { return load<T, OutputLanes>(from + (i * kInput + j) * point_stride); },
          [&](Index i, Index j, Vector<T, OutputLanes> value) {
            T* const at = to + (i * 3 + j) * gradient.tap_stride;
            store<T, OutputLanes>(at, gradient.add ? value + load<T, OutputLanes>(at) : value);
          });
    }
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd
