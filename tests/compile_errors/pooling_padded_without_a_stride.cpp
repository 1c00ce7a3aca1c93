// expect: Lamina: a padded pooling needs a stride
#include <lamina/layers/pooling.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 3>, MaxPool<3, 0, 1>>;
constexpr Index kCount = Network::parameter_count;
