// expect: Lamina: the groups of a convolution do not divide its input channels
// expect: GroupsDivideChannels<lamina::Position<1>, lamina::Conv2d<8, 3,
// expect: lamina::Expected<8, 8, 8>, lamina::Found<8, 8, 6>
#include <lamina/layers/conv2d.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 3>, Conv2d<6, 3>, Conv2d<8, 3, ConvOptions{.groups = 4}>>;
constexpr Index kCount = Network::parameter_count;
