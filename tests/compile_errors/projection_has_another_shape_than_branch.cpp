// expect: Lamina: the branch and the shortcut of a residual block differ in shape: give it a projection
// expect: ResidualBranchKeepsShape<lamina::Position<0>, lamina::Residual<lamina::Projection<lamina::Conv2d<64, 1,
// expect: lamina::Expected<16, 16, 64>, lamina::Found<32, 32, 64>
#include <lamina/layers/conv2d.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network =
    Sequential<Image<32, 32, 3>, Residual<Projection<Conv2d<64, 1, ConvOptions{.stride = 2}>>, Conv2d<64, 3>>>;
constexpr Index kCount = Network::parameter_count;
