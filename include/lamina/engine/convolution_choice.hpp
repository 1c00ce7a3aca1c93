#pragma once

#include <type_traits>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/depthwise_convolution.hpp>
#include <lamina/kernels/matrix_convolution.hpp>
#include <lamina/kernels/winograd_convolution.hpp>
#include <lamina/layers/layer.hpp>

/// @file
/// Which kernel computes a convolution.

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

namespace detail {

template <class T, class Bound>
[[nodiscard]] constexpr auto convolution_kernel() {
  constexpr kernels::ConvolutionShape shape = Bound::convolution;
  if constexpr (Bound::algorithm == ConvAlgorithm::depthwise) {
    return std::type_identity<kernels::DepthwiseConvolution<T>>{};
  } else if constexpr (Bound::algorithm == ConvAlgorithm::winograd) {
    return std::type_identity<kernels::WinogradFor<T, shape.inputs(), shape.outputs()>>{};
  } else {
    return std::type_identity<kernels::MatrixConvolution<T>>{};
  }
}

}  // namespace detail

/// The kernel of a bound layer whose role is convolution.
template <class T, class Bound>
using ConvolutionKernelFor = typename decltype(detail::convolution_kernel<T, Bound>())::type;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
