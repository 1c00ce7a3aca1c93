// expect: Lamina: the groups of a group norm do not divide its channels
// expect: NormGroupsDivideChannels<lamina::Position<1>, lamina::GroupNorm<4>,
// expect: lamina::Expected<8, 8, 12>, lamina::Found<8, 8, 10>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/group_norm.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 3>, Conv2d<10, 3>, GroupNorm<4>>;
constexpr Index kCount = Network::parameter_count;
