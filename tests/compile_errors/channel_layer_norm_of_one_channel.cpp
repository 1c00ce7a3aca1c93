// expect: Lamina: a normalisation within samples needs more than one value
// expect: NormNeedsSeveralValues<lamina::Position<1>,
// expect: lamina::Expected<8, 8, 2>, lamina::Found<8, 8, 1>
#include <lamina/layers/channel_layer_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 3>, Conv2d<1, 3>, ChannelLayerNorm>;
constexpr Index kCount = Network::parameter_count;
