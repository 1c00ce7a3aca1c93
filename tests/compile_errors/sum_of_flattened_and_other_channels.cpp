// expect: files_hold_no_sum_of_channels_behind_Flatten_and_others
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<2, 2, 3>, Flatten, Residual<Linear<12>>>;
constexpr Index kCount = Network::parameter_count;
