// expect: Lamina: the kernel is larger than the padded input
// expect: WindowFitsInput<lamina::Position<1>, lamina::MaxPool<5, 2, 1>,
// expect: lamina::Expected<3, 3, 8>, lamina::Found<2, 2, 8>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<2, 2, 3>, Conv2d<8, 3>, MaxPool<5, 2, 1>>;
constexpr Index kCount = Network::parameter_count;
