#pragma once

#include <algorithm>
#include <array>

#include <lamina/kernels/winograd/layout.hpp>

/// @file
/// The transforms of weights (kernel row, kernel column, input, output) and of their gradients.

namespace lamina::kernels::winograd {

/// Weights as a convolution has them.
template <class T>
struct WeightsPlace {
  const T* data = nullptr;
  Index inputs = 0;
  Index outputs = 0;

  [[nodiscard]] const T* at(Index tap, Index input, Index output) const {
    return data + (tap * inputs + input) * outputs + output;
  }
};

namespace detail {

/// Transforms a vector of kernels. read(tap) gives their weights.
template <class T, Index Lanes, class Read>
[[gnu::always_inline]] inline void transform_kernels(Index point_stride, T* to, const Read& read) {
  transform_tile<WeightTransform, T, Lanes>(
      [&](Index i, Index j) { return read(3 * i + j); },
      [&](Index i, Index j, Vector<T, Lanes> value) { store<T, Lanes>(to + (i * kInput + j) * point_stride, value); });
}

template <class T>
void clear_padding(const PanelLayout<T>& layout, T* matrix) {
  if (layout.columns % layout.lanes != 0) std::fill_n(matrix, layout.size(), T{0});
}

}  // namespace detail

/// Transforms the weights for forward: an inputs x outputs matrix a point.
template <class T, Index OutputLanes>
void transform_weights(const WeightsPlace<T>& weights, T* prepared) {
  const PanelLayout<T> layout{weights.inputs, weights.outputs};
  detail::clear_padding(layout, prepared);
  for (Index input = 0; input < weights.inputs; ++input) {
    for (Index output = 0; output < weights.outputs; output += OutputLanes) {
      detail::transform_kernels<T, OutputLanes>(
          layout.point_stride(), prepared + layout.offset(input, output),
          [&](Index tap) { return load<T, OutputLanes>(weights.at(tap, input, output)); });
    }
  }
}

/// Transforms the weights for backward: an outputs x inputs matrix a point.
template <class T, Index InputLanes>
void transform_weights_back(const WeightsPlace<T>& weights, T* prepared) {
  const PanelLayout<T> layout{weights.outputs, weights.inputs};
  detail::clear_padding(layout, prepared);
  for (Index output = 0; output < weights.outputs; ++output) {
    for (Index input = 0; input < weights.inputs; input += InputLanes) {
      detail::transform_kernels<T, InputLanes>(
          layout.point_stride(), prepared + layout.offset(output, input), [&](Index tap) {
            std::array<T, InputLanes> column;
            for (Index lane = 0; lane < InputLanes; ++lane) {
              column[static_cast<std::size_t>(lane)] = *weights.at(tap, input + lane, output);
            }
            return load<T, InputLanes>(column.data());
          });
    }
  }
}

/// Writes the gradients of the weights (kernel row, kernel column, input, output) for an inputs x outputs matrix of
/// sums a point.
template <class T, Index OutputLanes>
void transform_weight_gradient(const PanelLayout<T>& layout, const T* sums, T* gradient) {
  const Index point_stride = layout.point_stride();
  for (Index row = 0; row < layout.rows; ++row) {
    for (Index column = 0; column < layout.columns; column += OutputLanes) {
      const T* const from = sums + layout.offset(row, column);
      T* const to = gradient + row * layout.columns + column;
      transform_tile<WeightGradientTransform, T, OutputLanes>(
          [&](Index i, Index j) { return load<T, OutputLanes>(from + (i * kInput + j) * point_stride); },
          [&](Index i, Index j, Vector<T, OutputLanes> value) {
            store<T, OutputLanes>(to + (i * 3 + j) * layout.rows * layout.columns, value);
          });
    }
  }
}

}  // namespace lamina::kernels::winograd
