#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <lamina/losses/softmax_cross_entropy.hpp>
#include <lamina/models/vgg.hpp>
#include <lamina/network/model.hpp>

#include "../catch.hpp"
#include "../reference/formula.hpp"

using namespace lamina;

// Not beside the networks: every program that includes them would compile all of them.
static_assert(Vgg08::parameter_count == 59'716);
static_assert(Vgg38::parameter_count == 336'196);
static_assert(Vgg38Bn::parameter_count == 338'500);
static_assert(Vgg38Rc::parameter_count == 336'196);
static_assert(Vgg38BnRc::parameter_count == 338'500);
static_assert(Vgg38BnRcPreact::parameter_count == 338'500);
static_assert(Vgg56BnRc::parameter_count == 505'540);
static_assert(Vgg110BnRc::parameter_count == 1'006'660);

namespace {

/// Convolutions and linear layers: what the number in a network's name counts.
template <class Network>
std::ptrdiff_t weight_tensors() {
  return std::ranges::count_if(Network::parameters, [](const Segment& tensor) { return tensor.rank >= 2; });
}

/// Gradients of a loss in double, by formula's weights and images.
template <class Network>
std::vector<double> gradients(Fusion fusion) {
  Model<Network, double> model;
  test::fill_parameters<double>(Network::parameters, model.parameters());
  TrainingWorkspace<Network, double> workspace(2, Team(2), fusion);
  const auto images = test::make_tensor<double>(2, Network::input_shape, test::Sequence::images);
  const auto gradient = workspace.output_gradient(2);
  SoftmaxCrossEntropy{}(model.forward(workspace, images.view()), test::make_labels(2, 100), gradient, workspace.team());
  model.backward(workspace, images.view(), gradient);
  return {model.gradients().begin(), model.gradients().end()};
}

/// Largest difference between fused and layer by layer, relative to the largest gradient of the network.
template <class Network>
double difference_of_executions() {
  const auto fused = gradients<Network>(Fusion::full);
  const auto layers = gradients<Network>(Fusion::none);
  double largest = 0;
  double difference = 0;
  for (std::size_t i = 0; i < fused.size(); ++i) {
    largest = std::max(largest, std::abs(layers[i]));
    difference = std::max(difference, std::abs(fused[i] - layers[i]));
  }
  REQUIRE(largest > 1e-3);
  return difference / largest;
}

}  // namespace

TEST_CASE("vgg: a network has as many layers as its name says") {
  std::apply(
      []<class... Network>(const NamedNetwork<Network>&... networks) {
        const auto check = [](std::string_view name, std::ptrdiff_t layers) {
          INFO(name);
          CHECK(std::stol(std::string(name.substr(3))) == layers);
        };
        (check(networks.name, weight_tensors<Network>()), ...);
      },
      kVggNetworks);
}

TEST_CASE("vgg: with pre-activation, batch norm and activation stand before a block's convolutions") {
  using Expected =
      Vgg<VggOptions{.stages = 1, .blocks = 2, .batch_norm = true, .residual = true, .preactivation = true}>;
  using Convolution = Conv2d<32, 3, ConvOptions{.bias = false}>;
  using Biased = Conv2d<32, 3>;
  STATIC_REQUIRE(
      std::is_same_v<Expected,
                     Sequential<Image<32, 32, 3>, Convolution, BatchNorm, LeakyReLU,
                                Residual<Convolution, BatchNorm, LeakyReLU, Convolution>,
                                Residual<BatchNorm, LeakyReLU, Convolution, BatchNorm, LeakyReLU, Convolution>,
                                BatchNorm, LeakyReLU, Biased, BatchNorm, LeakyReLU, AvgPool<2>, Biased, BatchNorm,
                                LeakyReLU, GlobalAvgPool, Linear<100>>>);
}

// Rounding of 1e-16, grown on the way through the layers and by the batch norms of two images: 1e5 at most in 38 layers
// (vgg_pytorch.cpp), and a few times as much in 110.
TEST_CASE("vgg: beyond the study, fused and layer by layer are the same up to rounding") {
  CHECK(difference_of_executions<Vgg38BnRcPreact>() < 1e-10);
  CHECK(difference_of_executions<Vgg56BnRc>() < 1e-10);
  CHECK(difference_of_executions<Vgg110BnRc>() < 1e-10);
}

TEST_CASE("vgg: an unknown name is refused with those that are known") {
  const auto visit = [] { visit_vgg("vgg39", [](const auto&) {}); };
  CHECK_THROWS_AS(visit(), ArgumentError);
  CHECK_THROWS_WITH(visit(),
                    "unknown model 'vgg39', expected one of: vgg08, vgg38, vgg38-bn, vgg38-rc, vgg38-bn-rc, "
                    "vgg38-bn-rc-preact, vgg56-bn-rc, vgg110-bn-rc");
}
