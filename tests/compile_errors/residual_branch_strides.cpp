// expect: Lamina: the branch and the shortcut of a residual block differ in shape: give it a projection
// expect: ResidualBranchKeepsShape<lamina::Position<3>, lamina::Residual<lamina::Conv2d<32, 3,
// expect: lamina::Expected<32, 32, 32>, lamina::Found<16, 16, 32>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<32, 32, 3>, Conv2d<32, 3>, BatchNorm, LeakyReLU,
                           Residual<Conv2d<32, 3, ConvOptions{.stride = 2}>, BatchNorm>>;
constexpr Index kCount = Network::parameter_count;
