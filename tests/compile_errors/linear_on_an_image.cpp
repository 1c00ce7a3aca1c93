// expect: Lamina: Linear takes 1 x 1 x n: put Flatten or GlobalAvgPool before it
// expect: LinearNeedsVector<lamina::Position<1>, lamina::Linear<10
// expect: lamina::Expected<1, 1, 512>, lamina::Found<8, 8, 8>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, Linear<10>>;
constexpr Index kCount = Network::parameter_count;
