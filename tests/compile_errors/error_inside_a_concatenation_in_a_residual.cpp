// expect: ResidualBranchKeepsShape<lamina::Position<1, 0, 1>, lamina::Residual<lamina::Conv2d<5, 3,
// expect: lamina::Expected<8, 8, 4>, lamina::Found<8, 8, 5>
#include <lamina/layers/conv2d.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network =
    Sequential<Image<8, 8, 3>, Conv2d<4, 3>, Residual<Concat<Conv2d<4, 3>, Residual<Conv2d<5, 3>>>, Conv2d<4, 1>>>;
constexpr Index kCount = Network::parameter_count;
