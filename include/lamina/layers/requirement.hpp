#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>

/// @file
/// Compile-time errors a person can read. Each requirement is a struct template whose arguments are printed by the
/// compiler beside the message of its static_assert: where in the network, which layer, what was expected, what came.
/// g++ 12 and clang++ 14 print, for example,
///
///     PoolingDividesInput<lamina::Position<1>, lamina::AvgPool<2>, lamina::Expected<34, 34, 8>, lamina::Found<33, 33,
///     8>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Place of a layer: its index in the network, then in the composite layer there, and so on. Position<4, 0> is the
/// first layer of the branch of the residual block at index 4.
template <Index... Indices>
struct Position {};

/// Place of the projection of the residual block at `At`: Position<4, -1, 0> is the first layer of the projection at
/// Position<4>.
template <class At>
struct ProjectionPosition;

template <Index... Indices>
struct ProjectionPosition<Position<Indices...>> {
  using type = Position<Indices..., -1>;
};

/// A shape that would do, and the one that came: height, width, channels.
template <Index Height, Index Width, Index Channels>
struct Expected {};
template <Index Height, Index Width, Index Channels>
struct Found {};

namespace requirement {

template <class At, class Layer, class Expected, class Found, bool Holds>
struct WindowFitsInput {
  static_assert(Holds,
                "Lamina: the kernel is larger than the padded input; see position, layer, smallest input that fits "
                "(Expected) and input (Found) in the line that names WindowFitsInput");
};

template <class At, class Layer, class Expected, class Found, bool Holds>
struct PoolingDividesInput {
  static_assert(
      Holds,
      "Lamina: the pooling window does not divide the input: with a stride of its own, MaxPool<2, 2>, it leaves "
      "the rest out; see position, layer, next larger input that it divides (Expected) and input (Found) in "
      "the line that names PoolingDividesInput");
};

template <class At, class Layer, class Expected, class Found, bool Holds>
struct LinearNeedsVector {
  static_assert(Holds,
                "Lamina: Linear takes 1 x 1 x n: put Flatten or GlobalAvgPool before it; see position, layer, input "
                "that would do (Expected) and input (Found) in the line that names LinearNeedsVector");
};

template <class At, class Layer, class Expected, class Found, bool Holds>
struct ResidualBranchKeepsShape {
  static_assert(Holds,
                "Lamina: the branch and the shortcut of a residual block differ in shape: give it a projection; see "
                "position, layer, shape of the shortcut (Expected) and of the branch (Found) in the line that names "
                "ResidualBranchKeepsShape");
};

template <class At, class Layer, class Expected, class Found, bool Holds>
struct ConcatBranchFits {
  static_assert(Holds,
                "Lamina: a branch of a concatenation has another height or width than the first; see position, branch, "
                "output that would do (Expected) and output of the branch (Found) in the line that names "
                "ConcatBranchFits");
};

template <class At, class Layer, class Expected, class Found, bool Holds>
struct GroupsDivideChannels {
  static_assert(
      Holds,
      "Lamina: the groups of a convolution do not divide its input channels; see position, layer, next larger "
      "input that they divide (Expected) and input (Found) in the line that names GroupsDivideChannels");
};

template <class At, class Layer, class Expected, class Found, bool Holds>
struct NormGroupsDivideChannels {
  static_assert(
      Holds,
      "Lamina: the groups of a group norm do not divide its channels; see position, layer, next larger input that they "
      "divide (Expected) and input (Found) in the line that names NormGroupsDivideChannels");
};

template <class At, class Layer, class Expected, class Found, bool Holds>
struct NormNeedsSeveralValues {
  static_assert(Holds,
                "Lamina: a normalisation within samples needs more than one value to normalise together; see position, "
                "layer, smallest input of these pixels (Expected) and input (Found) in the line that names "
                "NormNeedsSeveralValues");
};

template <class At, class Layer, class Expected, class Found, bool Holds>
struct ScaleBranchGivesChannels {
  static_assert(Holds,
                "Lamina: the branch of a ChannelScale gives no 1 x 1 x channels of its input; see position, layer, "
                "output that would do (Expected) and output of the branch (Found) in the line that names "
                "ScaleBranchGivesChannels");
};

template <class At, class Layer, class Expected, class Found, bool Holds>
struct ReductionDividesChannels {
  static_assert(Holds,
                "Lamina: the reduction of a squeeze-and-excitation does not divide its channels; see position, layer, "
                "next larger input that it divides (Expected) and input (Found) in the line that names "
                "ReductionDividesChannels");
};

/// A requirement with its two shapes written out.
template <template <class, class, class, class, bool> class Requirement, class At, class Layer, Shape E, Shape F,
          bool Holds>
using With =
    Requirement<At, Layer, Expected<E.height, E.width, E.channels>, Found<F.height, F.width, F.channels>, Holds>;

}  // namespace requirement

/// The window of a convolution or pooling has a position on the padded input.
template <class At, class Layer, Shape Smallest, Shape Input, bool Holds>
using WindowFitsInput = requirement::With<requirement::WindowFitsInput, At, Layer, Smallest, Input, Holds>;

/// A pooling's windows cover the input side by side, without a remainder.
template <class At, class Layer, Shape Next, Shape Input, bool Holds>
using PoolingDividesInput = requirement::With<requirement::PoolingDividesInput, At, Layer, Next, Input, Holds>;

/// Linear's input is 1 x 1 x n.
template <class At, class Layer, Shape Vector, Shape Input, bool Holds>
using LinearNeedsVector = requirement::With<requirement::LinearNeedsVector, At, Layer, Vector, Input, Holds>;

/// The branch of a residual block has the shape of the shortcut.
template <class At, class Layer, Shape Shortcut, Shape Branch, bool Holds>
using ResidualBranchKeepsShape =
    requirement::With<requirement::ResidualBranchKeepsShape, At, Layer, Shortcut, Branch, Holds>;

/// A branch's output has the height and width of the first branch's.
template <class At, class Branch, Shape First, Shape Output>
struct ConcatBranchFits
    : requirement::ConcatBranchFits<At, Branch, Expected<First.height, First.width, Output.channels>,
                                    Found<Output.height, Output.width, Output.channels>,
                                    (First.height == Output.height && First.width == Output.width)> {};

/// The groups of a convolution divide its input channels.
template <class At, class Layer, Shape Next, Shape Input, bool Holds>
using GroupsDivideChannels = requirement::With<requirement::GroupsDivideChannels, At, Layer, Next, Input, Holds>;

/// The groups of a group norm divide its channels.
template <class At, class Layer, Shape Next, Shape Input, bool Holds>
using NormGroupsDivideChannels =
    requirement::With<requirement::NormGroupsDivideChannels, At, Layer, Next, Input, Holds>;

/// A group of a group norm has more than one value.
template <class At, class Layer, Shape Smallest, Shape Input, bool Holds>
using NormNeedsSeveralValues =
    requirement::With<requirement::NormNeedsSeveralValues, At, Layer, Smallest, Input, Holds>;

/// The branch of a ChannelScale gives one value a channel.
template <class At, class Layer, Shape Factors, Shape Branch, bool Holds>
using ScaleBranchGivesChannels =
    requirement::With<requirement::ScaleBranchGivesChannels, At, Layer, Factors, Branch, Holds>;

/// The reduction of a squeeze-and-excitation divides the channels.
template <class At, class Layer, Shape Next, Shape Input, bool Holds>
using ReductionDividesChannels =
    requirement::With<requirement::ReductionDividesChannels, At, Layer, Next, Input, Holds>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
