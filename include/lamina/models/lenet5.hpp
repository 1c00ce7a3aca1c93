#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/max_pool.hpp>
#include <lamina/network/sequential.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998) as it is taught today: rectifiers, and the maximum of each pool.
/// The first convolution pads, so that a 28 x 28 image is treated as the paper's of 32 x 32.
template <class Input = Image<28, 28, 1>, Index Classes = 10>
using LeNet5 = Sequential<Input,                                                                   //
                          Conv2d<6, 5>, ReLU, MaxPool<2, 2>,                                       //
                          Conv2d<16, 5, ConvOptions{.padding = 0}>, ReLU, MaxPool<2, 2>, Flatten,  //
                          Linear<120>, ReLU, Linear<84>, ReLU, Linear<Classes>>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
