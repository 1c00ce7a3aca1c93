#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <lamina/core/random.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/models/vgg.hpp>
#include <lamina/network/frozen_model.hpp>

#include "../catch.hpp"

namespace {

using namespace lamina;

using Mixed = Sequential<Image<12, 12, 3>, Conv2d<8, 3>, BatchNorm, LeakyReLU,
                         Residual<Conv2d<8, 3>, BatchNorm, LeakyReLU, Conv2d<8, 3>>, BatchNorm, ReLU,
                         Residual<Projection<Conv2d<16, 1, ConvOptions{.stride = 2}>>,
                                  Conv2d<16, 3, ConvOptions{.stride = 2, .bias = false}>, BatchNorm>,
                         Dropout, MaxPool<2>, Conv2d<5, 3>, LeakyReLU, GlobalAvgPool, Linear<7>>;

template <class T>
Tensor<T> random_images(Index batch, const Shape& shape) {
  Tensor<T> images(batch, shape);
  RandomStream random(1, RandomPurpose::test);
  for (Index i = 0; i < images.size(); ++i) images[i] = static_cast<T>(random.uniform(-1.5, 1.5));
  return images;
}

/// A model whose running statistics and batch norm parameters are not those it begins with.
template <class Network, class T>
Model<Network, T> used_model(const Tensor<T>& images) {
  Model<Network, T> model(3);
  RandomStream random(2, RandomPurpose::test);
  for (const Segment& segment : Network::parameters) {
    if (segment.kind != "batch_norm") continue;
    for (Index i = segment.offset; i < segment.offset + segment.size(); ++i) {
      model.parameters()[static_cast<std::size_t>(i)] += static_cast<T>(random.uniform(-0.3, 0.3));
    }
  }
  TrainingWorkspace<Network, T> workspace(images.batch(), Team(2));
  for (int step = 0; step < 3; ++step) model.forward(workspace, images.view());
  return model;
}

template <class T>
std::vector<T> values(TensorView<const T> tensor) {
  return {tensor.data, tensor.data + tensor.size()};
}

/// Largest difference from what Model::infer gives, relative to its largest value.
template <class Network, class T>
double difference(Index batch, int threads) {
  const auto images = random_images<T>(batch, Network::input_shape);
  const auto model = used_model<Network, T>(images);
  InferenceWorkspace<Network, T> workspace(batch, Team(1), Fusion::none);
  const auto expected = values(model.infer(workspace, images.view()));
  FrozenWorkspace<Network, T> frozen_workspace(batch, Team(threads));
  const auto found = values(freeze(model).infer(frozen_workspace, images.view()));
  double largest = 0;
  double error = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    error = std::max(error, std::abs(static_cast<double>(expected[i]) - static_cast<double>(found[i])));
  }
  REQUIRE(largest > 1e-2);
  return error / largest;
}

}  // namespace

// Folding reorders a few roundings of each convolution: some units of rounding a layer, 38 layers at most.
TEST_CASE("frozen model: agrees with inference of the model it was made from") {
  CHECK(difference<Mixed, double>(5, 2) < 1e-13);
  CHECK(difference<Mixed, float>(5, 2) < 1e-5);
  CHECK(difference<Vgg38BnRc, float>(4, 2) < 1e-5);
  CHECK(difference<Vgg38BnRcPreact, float>(4, 2) < 1e-5);
  CHECK(difference<Vgg38, float>(4, 2) < 1e-5);
}

TEST_CASE("frozen model: a batch smaller than the team agrees too") {
  CHECK(difference<Mixed, double>(1, 4) < 1e-13);
  CHECK(difference<Vgg38BnRc, float>(1, 4) < 1e-5);
}

TEST_CASE("frozen model: results have the same bits for any team and any batch size") {
  const auto images = random_images<float>(7, Mixed::input_shape);
  const auto model = freeze(used_model<Mixed>(images));
  FrozenWorkspace<Mixed> one(7, Team(1));
  const auto expected = values(model.infer(one, images.view()));
  for (const int threads : {2, 3, 4, 8}) {
    FrozenWorkspace<Mixed> workspace(7, Team(threads));
    CHECK(values(model.infer(workspace, images.view())) == expected);
    const auto first = values(model.infer(workspace, images.view().samples(0, 1)));
    CHECK(std::equal(first.begin(), first.end(), expected.begin()));
  }
}

TEST_CASE("frozen model: the way in which a wide layer is computed does not depend on the team") {
  using Wide = Sequential<Image<4, 4, 128>, Conv2d<128, 3>, ReLU, Conv2d<128, 3>>;
  const Index batch = GENERATE(1, 2, 4, 7);
  const auto images = random_images<float>(batch, Wide::input_shape);
  const auto model = freeze(used_model<Wide>(images));
  FrozenWorkspace<Wide> one(batch, Team(1));
  const auto expected = values(model.infer(one, images.view()));
  for (const int threads : {2, 3, 4}) {
    FrozenWorkspace<Wide> workspace(batch, Team(threads));
    CHECK(values(model.infer(workspace, images.view())) == expected);
  }
}

TEST_CASE("frozen model: is independent of the model it was made from") {
  const auto images = random_images<float>(2, Mixed::input_shape);
  auto model = used_model<Mixed>(images);
  const auto frozen = freeze(model);
  FrozenWorkspace<Mixed> workspace(2, Team(1));
  const auto before = values(frozen.infer(workspace, images.view()));
  std::fill(model.parameters().begin(), model.parameters().end(), 0.0F);
  CHECK(values(frozen.infer(workspace, images.view())) == before);
}

TEST_CASE("frozen model: refuses images that do not fit") {
  const auto frozen = freeze(Model<Mixed>(1));
  FrozenWorkspace<Mixed> workspace(2, Team(1));
  const Tensor<float> wrong(1, {8, 8, 3});
  const Tensor<float> many(3, Mixed::input_shape);
  CHECK_THROWS_WITH(frozen.infer(workspace, wrong.view()), ContainsSubstring("12x12x3") && ContainsSubstring("8x8x3"));
  CHECK_THROWS_WITH(frozen.infer(workspace, many.view()), ContainsSubstring("1 to 2 images, got 3"));
}
