// expect: files_hold_no_product_of_channels_behind_Flatten_and_others
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/network/channel_scale.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<4, 4, 3>, Flatten, ChannelScale<Linear<48>>>;
constexpr Index kCount = Network::parameter_count;
