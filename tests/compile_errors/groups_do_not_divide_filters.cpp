// expect: Lamina: the groups of a convolution must divide its filters
#include <lamina/layers/conv2d.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 4>, Conv2d<6, 3, ConvOptions{.groups = 4}>>;
constexpr Index kCount = Network::parameter_count;
