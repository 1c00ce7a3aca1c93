// compiles
// The networks of groups_behind_flatten.cpp and sum_of_flattened_and_other_channels.cpp where it does not matter in
// which order the values of an image come, and a sum of two values in the same order.
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Groups = Sequential<Image<3, 1, 1>, Flatten, Conv2d<6, 1, ConvOptions{.groups = 3}>>;
using Sum = Sequential<Image<1, 1, 3>, Flatten, Residual<Linear<3>>>;
using SameOrder = Sequential<Image<2, 2, 3>, Flatten, Residual<ReLU>, Linear<2>>;
constexpr Index kCount = Groups::parameter_count + Sum::parameter_count + SameOrder::parameter_count;
