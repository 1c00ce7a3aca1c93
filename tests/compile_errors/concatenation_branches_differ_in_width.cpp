// expect: ConcatBranchFits<lamina::Position<0, 1>, lamina::Sequential<lamina::Conv2d<8, 1,
// expect: lamina::Expected<4, 6, 5>, lamina::Found<4, 3, 5>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/sequential.hpp>

using namespace lamina;

/// Halves the width alone.
struct Narrow {
  static constexpr std::string_view kind = "narrow";
  [[nodiscard]] static constexpr Shape output(const Shape& input) {
    return {input.height, input.width / 2, input.channels};
  }
};

using Network = Sequential<Image<4, 6, 3>, Concat<Conv2d<2, 3>, Sequential<Conv2d<8, 1>, Conv2d<5, 1>, Narrow>>>;
constexpr Index kCount = Network::parameter_count;
