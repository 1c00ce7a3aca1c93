// expect: a_layer_behind_Flatten_must_name_the_input_axis_of_its_parameters
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/group_norm.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 3>, Conv2d<4, 3>, Flatten, GroupNorm<4>>;
constexpr Index kCount = Network::parameter_count;
