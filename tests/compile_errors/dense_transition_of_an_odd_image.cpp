// expect: Lamina: the pooling window does not divide the input
// expect: PoolingDividesInput<lamina::Position<1, 3>, lamina::AvgPool<2>,
// expect: lamina::Expected<10, 10, 5>, lamina::Found<9, 9, 5>
#include <lamina/network/dense_block.hpp>

using namespace lamina;

using Network = Sequential<Image<9, 9, 3>, DenseBlock<2, 4>, DenseTransition<>>;
constexpr Index kCount = Network::parameter_count;
