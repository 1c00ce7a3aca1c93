// What a caller hands to a network is checked before anything reads it, and both sides are named.

#include <algorithm>
#include <string>
#include <vector>

#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/frozen_model.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

using Net = Sequential<Image<1, 1, 3>, Linear<2>>;

/// A model and its workspace for up to 8 images.
struct Pass {
  void forward(Index batch) { model.forward(workspace, images.view().samples(0, batch)); }
  void backward(Index batch, TensorView<const float> of_output, TensorView<float> of_images = {}) {
    model.backward(workspace, images.view().samples(0, batch), of_output, {}, of_images);
  }

  Tensor<float> images{8, Net::input_shape};
  Tensor<float> output_gradient{8, Net::output_shape};
  Tensor<float> input_gradient{8, Net::input_shape};
  Model<Net> model;
  TrainingWorkspace<Net> workspace{8, Team(1)};
};

/// The first half of a tensor's channels: pixels with gaps between them.
template <class T>
TensorView<T> with_gaps(Tensor<T>& wide) {
  return wide.view().channels(0, wide.shape().channels / 2);
}

}  // namespace

TEST_CASE("model: backward refuses a gradient of the output that does not fit the images") {
  Pass pass;
  pass.forward(3);
  const TensorView<float> gradient = pass.output_gradient.view();
  CHECK_NOTHROW(pass.backward(3, gradient.samples(0, 3)));
  CHECK_THROWS_WITH(pass.backward(3, gradient), "the gradient of the output must be 3 of 1x1x2, got 8 of 1x1x2");
  CHECK_THROWS_WITH(pass.backward(3, gradient.samples(0, 2)),
                    "the gradient of the output must be 3 of 1x1x2, got 2 of 1x1x2");
  CHECK_THROWS_WITH(pass.backward(3, pass.images.view().samples(0, 3)),
                    "the gradient of the output must be 3 of 1x1x2, got 3 of 1x1x3");
  CHECK_THROWS_WITH(pass.backward(3, {nullptr, 3, Net::output_shape}),
                    "the gradient of the output must be 3 of 1x1x2, got no memory");
  Tensor<float> wide(3, {1, 1, 4});
  CHECK_THROWS_WITH(pass.backward(3, with_gaps(wide)),
                    "the gradient of the output must lie in memory without gaps, 2 values from pixel to pixel, got 4");
}

TEST_CASE("model: backward refuses other images than forward took") {
  Pass pass;
  CHECK_THROWS_WITH(pass.backward(8, pass.output_gradient.view()),
                    "backward takes the images of the last forward on its workspace, which were 0, got 8");
  pass.forward(3);
  CHECK_THROWS_WITH(pass.backward(8, pass.output_gradient.view()),
                    "backward takes the images of the last forward on its workspace, which were 3, got 8");
  pass.forward(8);
  CHECK_NOTHROW(pass.backward(8, pass.output_gradient.view()));
}

TEST_CASE("model: backward refuses memory for the images' gradient that does not fit them") {
  Pass pass;
  pass.forward(3);
  const auto gradient = pass.output_gradient.view().samples(0, 3);
  CHECK_NOTHROW(pass.backward(3, gradient, pass.input_gradient.view().samples(0, 3)));
  CHECK_THROWS_WITH(pass.backward(3, gradient, pass.input_gradient.view().samples(0, 2)),
                    "the gradient of the images must be 3 of 1x1x3, got 2 of 1x1x3");
  CHECK_THROWS_WITH(pass.backward(3, gradient, pass.output_gradient.view().samples(0, 3)),
                    "the gradient of the images must be 3 of 1x1x3, got 3 of 1x1x2");
  Tensor<float> wide(3, {1, 1, 6});
  CHECK_THROWS_WITH(pass.backward(3, gradient, with_gaps(wide)),
                    "the gradient of the images must lie in memory without gaps, 3 values from pixel to pixel, got 6");
}

TEST_CASE("model: training and inference refuse images without memory or with gaps") {
  Pass pass;
  InferenceWorkspace<Net> inference(8, Team(1));
  FrozenWorkspace<Net> frozen_inference(8, Team(1));
  const FrozenModel<Net> frozen = freeze(pass.model);
  const auto check = [&](TensorView<const float> images, const std::string& message) {
    CHECK_THROWS_WITH(pass.model.forward(pass.workspace, images), message);
    CHECK_THROWS_WITH(pass.model.infer(inference, images), message);
    CHECK_THROWS_WITH(frozen.infer(frozen_inference, images), message);
  };
  Tensor<float> wide(3, {1, 1, 6});
  check(with_gaps(wide), "the images must lie in memory without gaps, 3 values from pixel to pixel, got 6");
  check({nullptr, 3, Net::input_shape}, "the images must be 3 of 1x1x3, got no memory");
  check(pass.output_gradient.view(), "the network takes images of 1x1x3, got 1x1x2");
}

namespace {

template <class... Layers>
using OnVector = Sequential<Image<1, 1, 3>, Layers...>;

/// What training on one image says; nothing where it goes through.
template <class Network>
std::string refusal_of_one_image() {
  Model<Network> model;
  TrainingWorkspace<Network> workspace(2, Team(1));
  const Tensor<float> images(1, Network::input_shape);
  const std::vector<float> before(model.statistics().begin(), model.statistics().end());
  try {
    model.forward(workspace, images.view());
    return {};
  } catch (const ArgumentError& error) {
    CHECK(std::ranges::equal(model.statistics(), before));
    return error.what();
  }
}

}  // namespace

TEST_CASE("model: does not train a batch norm on a single value a channel") {
  using Net = OnVector<Linear<4>, Residual<Linear<4>, BatchNorm>, BatchNorm>;
  CHECK(refusal_of_one_image<Net>() ==
        "training needs at least 2 images in a batch, got 1: a single value a channel has no variance for batch_norm "
        "1.branch.1.running_var");
  CHECK(refusal_of_one_image<OnVector<Linear<4>>>().empty());
  CHECK(refusal_of_one_image<Sequential<Image<1, 2, 3>, BatchNorm, GlobalAvgPool, Linear<4>>>().empty());
  STATIC_REQUIRE(smallest_training_batch<Net> == 2);
  STATIC_REQUIRE(smallest_training_batch<OnVector<Linear<4>>> == 1);
}

TEST_CASE("model: a batch norm of one pixel trains on two images and infers one") {
  using Net = OnVector<BatchNorm>;
  Model<Net> model;
  TrainingWorkspace<Net> training(2, Team(1));
  InferenceWorkspace<Net> inference(1, Team(1));
  Tensor<float> images(2, Net::input_shape);
  images[0] = 2;  // against 0: the unbiased variance is 2, and 1 moves towards it by a tenth
  model.forward(training, images.view());
  CHECK(model.statistics()[3] == Approx(1.1));
  CHECK_NOTHROW(model.infer(inference, images.view().samples(0, 1)));
}
