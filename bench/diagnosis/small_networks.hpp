#pragma once

#include "faulty_layers.hpp"

/// @file
/// Networks for 16 x 16 images of ten classes, healthy as they stand, with places for faults.

namespace lamina::bench {

using SmallImage = Image<16, 16, 3>;
inline constexpr Index kSmallClasses = 10;

template <class List>
using SmallNetwork = typename NetworkOf<SmallImage, List>::type;

template <Index Filters>
using Plain3 = LayerList<Conv2d<Filters, 3>>;
using Head = LayerList<GlobalAvgPool, Linear<kSmallClasses>>;
using Half = LayerList<AvgPool<2>>;

/// Six convolutions without norms. `Inside` stands behind the third.
template <class Activation, Index Filters, class Inside = LayerList<>, class End = LayerList<>>
[[nodiscard]] constexpr auto plain_layers() {
  constexpr auto pair = repeat<2>(Plain3<Filters>{} + LayerList<Activation>{});
  return pair + Half{} + Inside{} + pair + Half{} + pair + Head{} + End{};
}
template <class Activation, Index Filters, class Inside = LayerList<>, class End = LayerList<>>
using PlainNet = SmallNetwork<decltype(plain_layers<Activation, Filters, Inside, End>())>;

/// The same with a norm behind each convolution. `Third` stands in the place of the third norm.
template <class Activation, Index Filters, class Norm, class Third, class Inside = LayerList<>, class End = LayerList<>>
[[nodiscard]] constexpr auto normed_layers() {
  constexpr auto unit = LayerList<NormedConv<Filters, 3>, Norm, Activation>{};
  constexpr auto third = LayerList<NormedConv<Filters, 3>>{} + Third{} + LayerList<Activation>{};
  return unit + unit + Half{} + Inside{} + third + unit + Half{} + unit + unit + Head{} + End{};
}
template <class Activation, Index Filters, class Norm = BatchNorm, class Third = LayerList<Norm>,
          class Inside = LayerList<>, class End = LayerList<>>
using NormedNet = SmallNetwork<decltype(normed_layers<Activation, Filters, Norm, Third, Inside, End>())>;

/// Residual blocks with batch norm. `Shortcut` stands on the shortcut of the second block, `Second` in the place of a
/// norm in its branch, `Inside` in the branch of the first.
template <class Activation, Index Filters, class Shortcut, class Second = LayerList<BatchNorm>,
          class Inside = LayerList<>, class Norm = BatchNorm>
[[nodiscard]] constexpr auto residual_layers() {
  constexpr auto conv = LayerList<NormedConv<Filters, 3>>{};
  constexpr auto open = conv + LayerList<Norm, Activation>{};
  constexpr auto close = conv + LayerList<Norm>{};
  constexpr auto first = residual(open + Inside{} + close);
  constexpr auto second = []<class... Branch>(LayerList<Branch...>) {
    return LayerList<Residual<Projection<Shortcut>, Branch...>>{};
  }(conv + Second{} + LayerList<Activation>{} + close);
  return open + first + LayerList<Activation>{} + Half{} + second + LayerList<Activation>{} + Half{} +
         residual(open + close) + LayerList<Activation>{} + Head{};
}
template <class Activation, Index Filters, class Shortcut = Identity, class Second = LayerList<BatchNorm>,
          class Inside = LayerList<>, class Norm = BatchNorm>
using ResidualNet = SmallNetwork<decltype(residual_layers<Activation, Filters, Shortcut, Second, Inside, Norm>())>;

/// Two layers with a bounded activation, and a head.
template <class Activation, Index Filters>
using BoundedNet = SmallNetwork<decltype(Plain3<Filters>{} + LayerList<Activation>{} + Half{} + Plain3<Filters>{} +
                                         LayerList<Activation>{} + Head{})>;

/// A perceptron with two hidden layers.
template <class Activation, Index Units>
using Perceptron =
    Sequential<SmallImage, Flatten, Linear<Units>, Activation, Linear<Units>, Activation, Linear<kSmallClasses>>;

/// Batch norm with an epsilon of nothing.
using RawBatchNorm = BasicBatchNorm<BatchNormOptions{.epsilon = 1e-14}>;

}  // namespace lamina::bench
