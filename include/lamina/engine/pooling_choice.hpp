#pragma once

#include <type_traits>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/global_pooling_pass.hpp>
#include <lamina/kernels/pooling_pass.hpp>
#include <lamina/kernels/sliding_pooling_pass.hpp>
#include <lamina/layers/layer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// The kernel that computes a bound pooling: one for windows that tile the image, one for all others.
template <class T, class Bound>
using PoolingKernelFor = std::conditional_t<
    Bound::method == PoolingMethod::global_average, kernels::GlobalAveragePooling<T>,
    std::conditional_t<
        Bound::method == PoolingMethod::average,
        std::conditional_t<Bound::pooling.tiles(), kernels::AveragePooling<T>, kernels::SlidingAveragePooling<T>>,
        std::conditional_t<Bound::pooling.tiles(), kernels::MaxPooling<T>, kernels::SlidingMaxPooling<T>>>>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
