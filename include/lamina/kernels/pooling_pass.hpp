#pragma once
#include <lamina/kernels/convolution_kernel.hpp>
namespace lamina::kernels {
struct PoolingShape { WindowGeometry geometry{}; };
template <class T> struct PoolingForward { const Team& team; T* scratch = nullptr; Expression<T> input{}; TensorView<T> output{}; };
template <class T> struct PoolingBackward { const Team& team; T* scratch = nullptr; Expression<T> input{}; TensorView<const T> output{}; GradientExpression<T> output_gradient{}; GradientEpilogue<T> input_gradient{}; };
template <class T> struct Pooling {
  static Index scratch(const PoolingShape&, Index, Index) { return 0; }
  static void forward(const PoolingShape&, const PoolingForward<T>&) {}
  static void backward(const PoolingShape&, const PoolingBackward<T>&) {}
};
}
