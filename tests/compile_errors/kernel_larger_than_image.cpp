// expect: Lamina: the kernel is larger than the padded input
// expect: WindowFitsInput<lamina::Position<0>, lamina::Conv2d<8, 7,
// expect: lamina::Expected<7, 7, 3>, lamina::Found<4, 4, 3>
#include <lamina/layers/conv2d.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<4, 4, 3>, Conv2d<8, 7, ConvOptions{.padding = 0}>>;
constexpr Index kCount = Network::parameter_count;
