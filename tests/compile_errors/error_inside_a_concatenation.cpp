// expect: PoolingDividesInput<lamina::Position<1, 1, 0>, lamina::MaxPool<2>,
// expect: lamina::Expected<10, 10, 8>, lamina::Found<9, 9, 8>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<9, 9, 3>, Conv2d<8, 3>, Concat<Identity, Sequential<MaxPool<2>, Conv2d<4, 3>>>>;
constexpr Index kCount = Network::parameter_count;
