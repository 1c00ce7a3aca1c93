#include <limits>

#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/softmax.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/residual.hpp>

#include "layer_checks.hpp"

using namespace lamina;

TEST_CASE("softmax: the channels of each pixel sum to one, however large") {
  using Net = Sequential<Image<2, 3, 4>, Softmax>;
  auto images = test::random_images<double>(3, Net::input_shape);
  for (Index i = 0; i < images.size(); ++i) images[i] = 1000 * images[i];
  const auto output = test::train_output<Net>(images);
  CHECK(test::infer_output<Net>(images) == output);
  for (std::size_t pixel = 0; pixel < output.size(); pixel += 4) {
    double sum = 0;
    for (std::size_t c = 0; c < 4; ++c) sum += output[pixel + c];
    // Four divisions and three additions of numbers up to one.
    CHECK(sum == Approx(1).epsilon(8 * std::numeric_limits<double>::epsilon()));
  }
}

TEST_CASE("softmax: gradients are right") {
  test::check_gradients_of<Sequential<Image<4, 3, 5>, Softmax>>();
  test::check_gradients_of<
      Sequential<Image<4, 3, 5>, Conv2d<5, 3>, Residual<Softmax>, Concat<Softmax, Conv2d<3, 1>>, Flatten, Linear<3>>>();
}
