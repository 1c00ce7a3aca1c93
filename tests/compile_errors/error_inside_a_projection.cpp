// expect: PoolingDividesInput<lamina::Position<1, -1, 0>, lamina::AvgPool<2>,
// expect: lamina::Expected<10, 10, 8>, lamina::Found<9, 9, 8>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network =
    Sequential<Image<9, 9, 3>, Conv2d<8, 3>, Residual<Projection<AvgPool<2>>, Conv2d<8, 3, ConvOptions{.stride = 2}>>>;
constexpr Index kCount = Network::parameter_count;
