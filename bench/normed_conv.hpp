#pragma once

#include <lamina/lamina.hpp>

namespace lamina::bench {

/// A convolution with a batch norm behind it, which makes a bias superfluous.
template <Index Filters, Index Kernel, Index Stride = 1>
using NormedConv = Conv2d<Filters, Kernel, ConvOptions{.stride = Stride, .bias = false}>;

}  // namespace lamina::bench
