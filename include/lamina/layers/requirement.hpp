#pragma once

#include <lamina/core/shape.hpp>

/// @file
/// Compile-time errors a person can read. Each requirement is a struct template whose arguments are printed by the
/// compiler beside the message of its static_assert: where in the network, which layer, what was expected, what came.

namespace lamina {

/// Place of a layer: its index in the network, then in the composite layer there, and so on. Position<4, 0> is the
/// first layer of the branch of the residual block at index 4.
template <Index... Indices>
struct Position {};

template <class At, class Layer, Shape Expected, Shape Found, bool Holds>
struct WindowFitsInput {
  static_assert(Holds,
                "Lamina: the kernel is larger than the padded input; see position, layer, smallest input that "
                "fits (expected) and input (found) in the line that names WindowFitsInput");
};

template <class At, class Layer, Shape Expected, Shape Found, bool Holds>
struct PoolingDividesInput {
  static_assert(Holds,
                "Lamina: the pooling window does not divide the input; see position, layer, next input that it "
                "divides (expected) and input (found) in the line that names PoolingDividesInput");
};

template <class At, class Layer, Shape Expected, Shape Found, bool Holds>
struct LinearNeedsVector {
  static_assert(Holds,
                "Lamina: Linear takes 1 x 1 x n: put Flatten or GlobalAvgPool before it; see position, layer, "
                "expected and found in the line that names LinearNeedsVector");
};

template <class At, class Layer, Shape Expected, Shape Found, bool Holds>
struct ResidualBranchKeepsShape {
  static_assert(Holds,
                "Lamina: the branch and the shortcut of a residual block differ in shape: give it a projection; "
                "see position, layer, shape of the shortcut (expected) and of the branch (found) in the line "
                "that names ResidualBranchKeepsShape");
};

}  // namespace lamina
