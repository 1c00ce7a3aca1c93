// expect: Lamina: the padding of a pooling must be at most half its kernel
#include <lamina/layers/pooling.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 3>, AvgPool<3, 2, 2>>;
constexpr Index kCount = Network::parameter_count;
