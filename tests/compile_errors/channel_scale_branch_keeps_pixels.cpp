// expect: Lamina: the branch of a ChannelScale gives no 1 x 1 x channels of its input
// expect: ScaleBranchGivesChannels<lamina::Position<1>, lamina::ChannelScale<
// expect: lamina::Expected<1, 1, 8>, lamina::Found<8, 8, 8>
#include <lamina/layers/conv2d.hpp>
#include <lamina/network/channel_scale.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, ChannelScale<Conv2d<8, 3>>>;
constexpr Index kCount = Network::parameter_count;
