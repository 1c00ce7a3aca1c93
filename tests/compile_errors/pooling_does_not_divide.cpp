// expect: Lamina: the pooling window does not divide the input
// expect: PoolingDividesInput<lamina::Position<1>, lamina::AvgPool<2>,
// expect: lamina::Expected<34, 34, 8>, lamina::Found<33, 33, 8>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<33, 33, 3>, Conv2d<8, 3>, AvgPool<2>>;
constexpr Index kCount = Network::parameter_count;
