// What planning decides about channel scaling: which operations it absorbs, and how many passes over memory it costs.
#include <lamina/engine/planner.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>
#include <lamina/network/squeeze_excitation.hpp>

#include "../catch.hpp"

using namespace lamina;
using engine::BackwardKind;
using engine::ForwardKind;
using engine::Fusion;
using engine::Mode;
using engine::OperationKind;

namespace {

using Conv = Conv2d<4, 3, ConvOptions{.bias = false}>;
/// Operations: 0 convolution, 1 batch norm, 2 ReLU; in the block 3 convolution, 4 batch norm, 5 pooling, 6 linear, 7
/// ReLU, 8 linear, 9 sigmoid, 10 channel scaling, 11 addition; 12 ReLU, 13 convolution.
using Network =
    Sequential<Image<8, 8, 4>, Conv, BatchNorm, ReLU, Residual<Conv, BatchNorm, SqueezeExcitation<2>>, ReLU, Conv>;

constexpr auto graph = engine::graph<Network>;
constexpr auto training = engine::plan(graph, Mode::training, Fusion::full);
constexpr auto inference = engine::plan(graph, Mode::inference, Fusion::full);

}  // namespace

TEST_CASE("plan: a channel scaling reads a value and its factors") {
  STATIC_REQUIRE(graph.size == 14);
  STATIC_REQUIRE(graph.operation(10).kind == OperationKind::channel_scale);
  STATIC_REQUIRE(graph.reads_of(graph.operation(10))[0] == 5);
  STATIC_REQUIRE(graph.reads_of(graph.operation(10))[1] == 10);
}

TEST_CASE("plan: a channel scaling takes the addition and the rectifier behind it into its epilogue") {
  for (const auto& plan : {training.value(13), inference.value(13)}) {
    CHECK(plan.kernel == 10);
    CHECK(plan.activation == 12);
    CHECK(plan.summands[1].source == 3);
  }
}

TEST_CASE("plan: in training only the factors are written in a pass of their own") {
  STATIC_REQUIRE(training.count(ForwardKind::kernel) == 7);
  STATIC_REQUIRE(training.count(ForwardKind::materialize) == 1);
  STATIC_REQUIRE(training.count(ForwardKind::moments) == 0);
  STATIC_REQUIRE(training.count(ForwardKind::copy) == 0);
}

TEST_CASE("plan: backward adds and finishes as few gradients as it can") {
  STATIC_REQUIRE(training.count(BackwardKind::kernel) == 7);
  // Through the sigmoid, over a pixel a sample; all other gradients are finished by kernels.
  STATIC_REQUIRE(training.count(BackwardKind::finish) == 1);
  STATIC_REQUIRE(training.count(BackwardKind::accumulate) == 0);
}
