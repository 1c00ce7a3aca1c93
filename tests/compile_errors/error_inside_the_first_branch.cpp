// expect: LinearNeedsVector<lamina::Position<0, 0>, lamina::Linear<10
// expect: lamina::Expected<1, 1, 192>, lamina::Found<8, 8, 3>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

using Network = Sequential<Image<8, 8, 3>, Concat<Linear<10>, Flatten>>;
constexpr Index kCount = Network::parameter_count;
