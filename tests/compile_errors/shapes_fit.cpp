// compiles
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/group_norm.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>
#include <lamina/network/squeeze_excitation.hpp>

using namespace lamina;

using Network =
    Sequential<Image<32, 32, 3>, Conv2d<32, 3>, BatchNorm, LeakyReLU, Residual<Conv2d<32, 3>, BatchNorm>,
               Residual<Projection<Conv2d<64, 1, ConvOptions{.stride = 2}>>, Conv2d<64, 3, ConvOptions{.stride = 2}>>,
               Concat<Identity, Sequential<Conv2d<8, 1>, Conv2d<8, 3, ConvOptions{.groups = 8}>>>, Conv2d<64, 1>,
               AvgPool<2>, MaxPool<2>, AvgPool<3, 1, 1>, SqueezeExcitation<4>, GroupNorm<4>,
               Conv2d<8, 4, ConvOptions{.padding = 0}>, Sequential<Flatten, Linear<10>>>;
constexpr Index kCount = Network::parameter_count;
