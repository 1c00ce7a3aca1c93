#pragma once

#include <concepts>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/convolution_shape.hpp>
#include <lamina/kernels/expression.hpp>
#include <lamina/kernels/gradient_epilogue.hpp>
#include <lamina/kernels/gradient_expression.hpp>
#include <lamina/kernels/part_squares.hpp>

/// @file
/// What a convolution kernel is to the engine: two functions over a whole batch, which compute with what stands around
/// the convolution while it is in the cache. A linear layer is a 1 x 1 convolution of 1 x 1 images.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// What forward of a convolution reads and writes.
template <class T>
struct ConvolutionForward {
  const Team& team;
  const T* weights = nullptr;   ///< (kernel row, kernel column, input channel of the group, output channel)
  const T* bias = nullptr;      ///< null for none
  const T* prepared = nullptr;  ///< what prepare() made of weights and bias before; null to do it now
  T* scratch = nullptr;
  Expression<T> input{};
  TensorView<T> kept_input{};  ///< where the input's value goes; empty where nobody else needs it
  TensorView<T> output{};
  /// Images of the whole batch, of which `output` may have a part; 0 where it has all. A kernel may choose its way by
  /// it, not by the part, whose size depends on the number of threads.
  Index whole_batch = 0;
  T* mean = nullptr;      ///< where the output's batch mean goes; null for none
  T* variance = nullptr;  ///< and the biased variance
  /// Applied to the output before it is written: an inference batch norm, addition and activation. Its raw tensor is
  /// ignored.
  Expression<T> epilogue{};
};

/// What backward of a convolution reads and writes.
template <class T>
struct ConvolutionBackward {
  const Team& team;
  const T* weights = nullptr;
  T* scratch = nullptr;
  Expression<T> input{};  ///< of forward; a tensor in memory where its value was kept
  GradientExpression<T> output_gradient{};
  T* weight_gradient = nullptr;
  T* bias_gradient = nullptr;  ///< null for none
  GradientEpilogue<T> input_gradient{};
  /// Where it goes how long the parts' contributions to the weight gradient are; null where nobody asks. A kernel that
  /// does not sum it in parts leaves it as it is.
  PartSquares* weight_parts = nullptr;
};

/// A convolution kernel. `shape` is the same in all calls; scratch is counted in values of T.
template <class K, class T>
concept ConvolutionKernel = requires(const ConvolutionShape& shape, const ConvolutionForward<T>& forward,
                                     const ConvolutionBackward<T>& backward, const T* from, T* to, Index count) {
  { K::prepared_size(shape) } -> std::same_as<Index>;  ///< values that prepare writes
  K::prepare(shape, from, from, to);  ///< weights, bias or null, into the form that forward computes with
  { K::forward_scratch(shape, count, count) } -> std::same_as<Index>;   ///< for a batch and a number of threads
  { K::backward_scratch(shape, count, count) } -> std::same_as<Index>;  ///< for a batch and a number of threads
  K::forward(shape, forward);
  K::backward(shape, backward);
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
