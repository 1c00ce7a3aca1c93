// expect: Lamina: the branch and the shortcut of a residual block differ in shape: give it a projection
// expect: ResidualBranchKeepsShape<lamina::Position<1>, lamina::Residual<lamina::Conv2d<64, 3,
// expect: lamina::Expected<32, 32, 32>, lamina::Found<32, 32, 64>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<32, 32, 3>, Conv2d<32, 3>, Residual<Conv2d<64, 3>, BatchNorm>>;
constexpr Index kCount = Network::parameter_count;
