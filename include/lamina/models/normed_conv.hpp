#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/conv2d.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A convolution with a batch norm beside it, which makes a bias superfluous.
template <Index Filters, Index Kernel, Index Stride = 1, Index Groups = 1>
using NormedConv = Conv2d<Filters, Kernel, ConvOptions{.stride = Stride, .groups = Groups, .bias = false}>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
