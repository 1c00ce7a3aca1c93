// expect: PoolingDividesInput<lamina::Position<0>, lamina::MaxPool<3>,
// expect: lamina::Expected<9, 12, 3>, lamina::Found<9, 10, 3>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<9, 10, 3>, MaxPool<3>>;
constexpr Index kCount = Network::parameter_count;
