// expect: a_layer_behind_Flatten_must_name_the_input_axis_of_its_parameters
#include <array>
#include <string_view>

#include <lamina/layers/flatten.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

struct Gain : KeepsShape {
  static constexpr std::string_view kind = "gain";
  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    static constexpr bool keeps_channels = true;
    static constexpr std::array parameters{Segment{.name = "weight", .dims = {Input.channels}}};
  };
};

using Network = Sequential<Image<2, 2, 3>, Flatten, Gain>;
constexpr Index kCount = Network::parameter_count;
