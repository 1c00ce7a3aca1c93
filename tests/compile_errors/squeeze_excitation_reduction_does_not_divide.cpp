// expect: Lamina: the reduction of a squeeze-and-excitation does not divide its channels
// expect: ReductionDividesChannels<lamina::Position<1>, lamina::SqueezeExcitation<4>,
// expect: lamina::Expected<8, 8, 12>, lamina::Found<8, 8, 10>
#include <lamina/layers/conv2d.hpp>
#include <lamina/network/sequential.hpp>
#include <lamina/network/squeeze_excitation.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 3>, Conv2d<10, 3>, SqueezeExcitation<4>>;
constexpr Index kCount = Network::parameter_count;
