// The counter replaces functions of the C library, so each test program that uses it compiles it.
#include "../training/allocations.cpp"

#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/channel_layer_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/group_norm.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/layers/smooth_activation.hpp>
#include <lamina/layers/softmax.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/frozen_model.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/squeeze_excitation.hpp>

#include "../layers/layer_checks.hpp"

using namespace lamina;

namespace {

using Residuals = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, BatchNorm, LeakyReLU,
                             Residual<Conv2d<8, 3>, BatchNorm, LeakyReLU, Conv2d<8, 3>, BatchNorm>, LeakyReLU,
                             AvgPool<2>, Residual<BatchNorm, LeakyReLU, Conv2d<8, 3>>,
                             Residual<Projection<Conv2d<5, 1>>, Conv2d<5, 3>>, MaxPool<2>, Dropout, Flatten, Linear<5>>;

using DenseUnit = Concat<Identity, Sequential<BatchNorm, ReLU, Conv2d<16, 1>, BatchNorm, ReLU, Conv2d<4, 3>>>;
using Dense = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, DenseUnit, DenseUnit, BatchNorm, ReLU, Conv2d<8, 1>, AvgPool<2>,
                         DenseUnit, Concat<Identity, Tanh, Dropout>, BatchNorm, ReLU, GlobalAvgPool, Linear<5>>;

using Separable =
    Sequential<Image<8, 8, 3>, Conv2d<8, 3>, BatchNorm, ReLU, Conv2d<8, 3, ConvOptions{.groups = 8}>, BatchNorm, SiLU,
               Conv2d<12, 1>, BatchNorm, GELU, Conv2d<12, 3, ConvOptions{.stride = 2, .groups = 12}>, BatchNorm, ReLU,
               Conv2d<8, 3, ConvOptions{.groups = 2}>, GlobalAvgPool, Linear<5>>;

using Projections =
    Sequential<Image<8, 8, 3>, Conv2d<8, 3>, BatchNorm, ReLU,
               Residual<Projection<Conv2d<16, 1, ConvOptions{.stride = 2}>, BatchNorm>,
                        Conv2d<16, 3, ConvOptions{.stride = 2}>, BatchNorm, ReLU, Conv2d<16, 3>, BatchNorm>,
               ReLU, Flatten, Linear<5>>;

using Normed = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, GroupNorm<2>, ELU, ChannelLayerNorm, HardSwish, Conv2d<8, 3>,
                          BasicBatchNorm<BatchNormOptions{.affine = false}>, ReLU6, SqueezeExcitation<2>, GlobalMaxPool,
                          Linear<5>, Softmax>;

using Mlp = Sequential<Image<8, 8, 1>, Flatten, Linear<64>, ReLU, Linear<64>, ReLU, Linear<5>>;

using LeNet =
    Sequential<Image<12, 12, 1>, Conv2d<6, 5>, Tanh, MaxPool<3, 2, 1>, Conv2d<16, 3, ConvOptions{.padding = 0}>, Tanh,
               AvgPool<2, 1, 1>, Flatten, Linear<20>, Tanh, Linear<5>>;

/// Requests of two passes; passes before have given OpenMP its threads.
template <class Pass>
long allocations_of(const Pass& pass) {
  pass();
  const long before = allocation_count();
  pass();
  pass();
  return allocation_count() - before;
}

}  // namespace

TEST_CASE("allocations: the counter sees new, malloc and Eigen") {
  if (allocation_count() < 0) {
    WARN("skipped: requests of memory cannot be counted here");
    return;
  }
  const long before = allocation_count();
  const Buffer<float> buffer(10);
  const Eigen::VectorXf vector(10);
  const std::vector<float> values(10);
  CHECK(allocation_count() - before == 3);
}

TEMPLATE_TEST_CASE("allocations: forward, backward and inference request no memory", "", Residuals, Dense, Separable,
                   Projections, Normed, Mlp, LeNet) {
  using Net = TestType;
  if (allocation_count() < 0) {
    WARN("skipped: requests of memory cannot be counted here");
    return;
  }
  const int threads = GENERATE(1, 2);
  const Fusion fusion = GENERATE(Fusion::full, Fusion::none);
  Model<Net> model;
  TrainingWorkspace<Net> training(6, Team(threads), fusion);
  InferenceWorkspace<Net> inference(6, Team(threads), fusion);
  const auto images = test::random_images<float>(6, Net::input_shape);
  const auto output_gradient = test::random_images<float>(6, Net::output_shape);
  Tensor<float> input_gradient(6, Net::input_shape);
  CHECK(allocations_of([&] { model.forward(training, images.view()); }) == 0);
  CHECK(allocations_of(
            [&] { model.backward(training, images.view(), output_gradient.view(), {}, input_gradient.view()); }) == 0);
  CHECK(allocations_of([&] { model.infer(inference, images.view()); }) == 0);

  const FrozenModel<Net> frozen(model);
  FrozenWorkspace<Net> workspace(6, Team(threads));
  CHECK(allocations_of([&] { frozen.infer(workspace, images.view()); }) == 0);
  CHECK(allocations_of([&] { frozen.infer(workspace, images.view().samples(0, 1)); }) == 0);
}
