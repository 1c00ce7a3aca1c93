// expect: files_hold_no_groups_of_channels_behind_Flatten
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<4, 4, 3>, Flatten, Conv2d<6, 1, ConvOptions{.groups = 3}>>;
constexpr Index kCount = Network::parameter_count;
