// expect: Lamina: the groups of a convolution do not divide its input channels
// expect: GroupsDivideChannels<lamina::Position<1, 0>, lamina::Conv2d<
// expect: lamina::Expected<8, 8, 9>, lamina::Found<8, 8, 8>
#include <lamina/layers/conv2d.hpp>
#include <lamina/network/channel_scale.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, ChannelScale<Conv2d<9, 3, ConvOptions{.groups = 3}>>>;
constexpr Index kCount = Network::parameter_count;
