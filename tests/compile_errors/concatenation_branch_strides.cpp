// expect: Lamina: a branch of a concatenation has another height or width than the first
// expect: ConcatBranchFits<lamina::Position<1, 2>, lamina::Conv2d<8, 3,
// expect: lamina::Expected<16, 16, 8>, lamina::Found<8, 8, 8>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network =
    Sequential<Image<16, 16, 3>, Conv2d<4, 3>, Concat<Identity, Conv2d<6, 3>, Conv2d<8, 3, ConvOptions{.stride = 2}>>>;
constexpr Index kCount = Network::parameter_count;
