// expect: a_layer_with_parameters_behind_Flatten_must_say_whether_it_keeps_channels
#include <array>
#include <string_view>

#include <lamina/layers/flatten.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

struct Gain : KeepsShape {
  static constexpr std::string_view kind = "gain";
  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    static constexpr std::array parameters{Segment{.name = "weight", .dims = {Input.channels}, .input_axis = 0}};
  };
};

using Network = Sequential<Image<2, 2, 3>, Flatten, Gain>;
constexpr Index kCount = Network::parameter_count;
