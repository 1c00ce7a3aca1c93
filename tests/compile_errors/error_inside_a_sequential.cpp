// expect: LinearNeedsVector<lamina::Position<2, 0>, lamina::Linear<10
// expect: lamina::Expected<1, 1, 512>, lamina::Found<8, 8, 8>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, LeakyReLU, Sequential<Linear<10>, LeakyReLU>>;
constexpr Index kCount = Network::parameter_count;
