// How a network's type becomes one list of operations: what reads what, and where parameters lie.

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

#include <lamina/engine/graph.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/layers/smooth_activation.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

#include "../catch.hpp"

using namespace lamina;
using engine::OperationKind;
using engine::ValueId;

namespace {

template <class... Layers>
using On = Sequential<Image<4, 4, 3>, Layers...>;

template <Index Filters>
using Conv = Conv2d<Filters, 3, ConvOptions{.bias = false}>;

template <class Network>
std::vector<OperationKind> kinds_of() {
  std::vector<OperationKind> kinds;
  for (const auto& operation : engine::graph<Network>.operations) kinds.push_back(operation.kind);
  return kinds;
}

/// The values that each operation reads.
template <class Network>
std::vector<std::vector<ValueId>> reads_of() {
  std::vector<std::vector<ValueId>> reads;
  for (const auto& operation : engine::graph<Network>.operations) {
    const auto values = engine::graph<Network>.reads_of(operation);
    reads.emplace_back(values.begin(), values.end());
  }
  return reads;
}

template <class Network>
std::vector<int> layers_of() {
  std::vector<int> layers;
  for (const auto& operation : engine::graph<Network>.operations) layers.push_back(operation.layer);
  return layers;
}

template <class Network>
std::vector<std::string_view> names_of() {
  std::vector<std::string_view> names;
  for (const Segment& segment : Network::parameters) names.push_back(segment.name.view());
  return names;
}

/// Whether the operations' offsets are those of the listed tensors that belong to them.
template <class Network>
bool offsets_agree() {
  std::vector<Index> parameters;
  std::vector<Index> statistics;
  for (const auto& operation : engine::graph<Network>.operations) {
    if (operation.layer == engine::kNone) continue;
    parameters.push_back(operation.parameter_offset);
    statistics.push_back(operation.statistics_offset);
  }
  const auto every_first_tensor_is_an_offset = [](const auto& segments, const std::vector<Index>& offsets,
                                                  std::string_view first) {
    return std::ranges::all_of(segments, [&](const Segment& segment) {
      return !segment.name.view().ends_with(first) || std::ranges::find(offsets, segment.offset) != offsets.end();
    });
  };
  return every_first_tensor_is_an_offset(Network::parameters, parameters, "weight") &&
         every_first_tensor_is_an_offset(Network::statistics, statistics, "running_mean");
}

using Kinds = std::vector<OperationKind>;
using Reads = std::vector<std::vector<ValueId>>;
using Layers = std::vector<int>;

constexpr auto kConvolution = OperationKind::convolution;
constexpr auto kBatchNorm = OperationKind::batch_norm;
constexpr auto kActivation = OperationKind::activation;
constexpr auto kAdd = OperationKind::add;
constexpr auto kConcatenation = OperationKind::concatenation;

}  // namespace

TEST_CASE("graph: every layer has an operation of its kind") {
  using Net = On<Conv<4>, BatchNorm, ReLU, Tanh, MaxPool<2>, Dropout, GlobalAvgPool, Linear<4>>;
  CHECK(kinds_of<Net>() == Kinds{kConvolution, kBatchNorm, kActivation, kActivation, OperationKind::pooling,
                                 OperationKind::layer, OperationKind::pooling, kConvolution});
  constexpr auto& graph = engine::graph<Net>;
  STATIC_REQUIRE(graph.output == 8);
  STATIC_REQUIRE(graph.shape(0) == Shape{4, 4, 3});
  STATIC_REQUIRE(graph.shape(5) == Shape{2, 2, 4});
  STATIC_REQUIRE(graph.operation(2).rectifier);
  STATIC_REQUIRE(!graph.operation(3).rectifier);
}

namespace {

/// Two layers that draw random numbers, four chains deep.
using Deep = Sequential<Residual<Sequential<Residual<Dropout, Conv<3>, Dropout>>>>;

}  // namespace

TEST_CASE("graph: layers are numbered one by one, however deep they are nested") {
  using Net = On<Deep, Deep, Deep, Deep, Deep, Concat<Deep, Dropout>>;
  Layers numbers;
  for (const int layer : layers_of<Net>()) {
    if (layer != engine::kNone) numbers.push_back(layer);
  }
  Layers expected(6 * 3 + 1);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(numbers == expected);
}

TEST_CASE("graph: a chain within a chain is flattened") {
  using Nested = On<Sequential<Conv<4>, Sequential<BatchNorm, ReLU>>, Sequential<Conv<5>>>;
  using Flat = On<Conv<4>, BatchNorm, ReLU, Conv<5>>;
  CHECK(kinds_of<Nested>() == kinds_of<Flat>());
  CHECK(reads_of<Nested>() == Reads{{0}, {1}, {2}, {3}});
  CHECK(layers_of<Nested>() == Layers{0, 1, 2, 3});
  CHECK(names_of<Nested>() == std::vector<std::string_view>{"0.0.weight", "0.1.0.weight", "0.1.0.bias", "1.0.weight"});
}

TEST_CASE("graph: an identity is no operation, and neither is the flattening of a vector") {
  CHECK(kinds_of<On<Conv<4>, Identity, ReLU, Identity>>() == Kinds{kConvolution, kActivation});
  CHECK(reads_of<On<Identity, Conv<4>, Identity, ReLU>>() == Reads{{0}, {1}});
  CHECK(layers_of<On<Identity, Conv<4>, Identity, ReLU>>() == Layers{0, 1});
  CHECK(kinds_of<On<GlobalAvgPool, Flatten, Linear<2>>>() == Kinds{OperationKind::pooling, kConvolution});
  CHECK(kinds_of<On<Flatten, Linear<2>>>() == Kinds{OperationKind::reshape, kConvolution});
}

TEST_CASE("graph: a residual block adds its input to its branch") {
  using Net = On<Conv<4>, Residual<Conv<4>, ReLU, Conv<4>>, ReLU>;
  CHECK(kinds_of<Net>() == Kinds{kConvolution, kConvolution, kActivation, kConvolution, kAdd, kActivation});
  CHECK(reads_of<Net>() == Reads{{0}, {1}, {2}, {3}, {4, 1}, {5}});
  CHECK(layers_of<Net>() == Layers{0, 1, 2, 3, engine::kNone, 4});
  CHECK(offsets_agree<Net>());
}

TEST_CASE("graph: a projection reads the block's input and comes behind the branch") {
  using Net = On<Conv<4>, ReLU, Residual<Projection<Conv<5>, BatchNorm>, Conv<5>, BatchNorm, ReLU>>;
  CHECK(kinds_of<Net>() ==
        Kinds{kConvolution, kActivation, kConvolution, kBatchNorm, kActivation, kConvolution, kBatchNorm, kAdd});
  CHECK(reads_of<Net>() == Reads{{0}, {1}, {2}, {3}, {4}, {2}, {6}, {5, 7}});
  CHECK(layers_of<Net>() == Layers{0, 1, 2, 3, 4, 5, 6, engine::kNone});
  CHECK(names_of<Net>() == std::vector<std::string_view>{"0.weight", "2.branch.0.weight", "2.branch.1.weight",
                                                         "2.branch.1.bias", "2.projection.0.weight",
                                                         "2.projection.1.weight", "2.projection.1.bias"});
  CHECK(offsets_agree<Net>());
  constexpr auto& graph = engine::graph<Net>;
  STATIC_REQUIRE(graph.operation(5).parameter_offset == 9 * 3 * 4 + 9 * 4 * 5 + 2 * 5);
  STATIC_REQUIRE(graph.operation(6).statistics_offset == 2 * 5);
}

TEST_CASE("graph: the branches of a concatenation read its input, one behind the other") {
  using Net = On<Conv<4>, Concat<Identity, Sequential<Conv<5>, ReLU>, Conv<6>>, Conv<2>>;
  CHECK(kinds_of<Net>() == Kinds{kConvolution, kConvolution, kActivation, kConvolution, kConcatenation, kConvolution});
  CHECK(reads_of<Net>() == Reads{{0}, {1}, {2}, {1}, {1, 3, 4}, {5}});
  CHECK(layers_of<Net>() == Layers{0, 1, 2, 3, engine::kNone, 4});
  CHECK(names_of<Net>() ==
        std::vector<std::string_view>{"0.weight", "1.branches.1.0.weight", "1.branches.2.weight", "2.weight"});
  CHECK(offsets_agree<Net>());
  STATIC_REQUIRE(engine::graph<Net>.shape(5) == Shape{4, 4, 4 + 5 + 6});
  STATIC_REQUIRE(engine::graph<Net>.operation(5).parameter_offset == 9 * (3 * 4 + 4 * 5 + 4 * 6));
}

TEST_CASE("graph: blocks within blocks keep the order of their layers, names and offsets") {
  using Unit = Sequential<BatchNorm, ReLU, Conv<3>>;
  using Net = On<Residual<Concat<Identity, Unit>, Conv<3>>, Concat<Residual<Unit>, Concat<Identity, Unit>>, BatchNorm>;
  CHECK(reads_of<Net>() == Reads{{0},
                                 {1},
                                 {2},
                                 {0, 3},
                                 {4},
                                 {5, 0},  // the residual block
                                 {6},
                                 {7},
                                 {8},
                                 {9, 6},  // the first branch
                                 {6},
                                 {11},
                                 {12},
                                 {6, 13},
                                 {10, 14},
                                 {15}});
  constexpr int none = engine::kNone;
  CHECK(layers_of<Net>() == Layers{0, 1, 2, none, 3, none, 4, 5, 6, none, 7, 8, 9, none, none, 10});
  CHECK(names_of<Net>() == std::vector<std::string_view>{
                               "0.branch.0.branches.1.0.weight", "0.branch.0.branches.1.0.bias",
                               "0.branch.0.branches.1.2.weight", "0.branch.1.weight", "1.branches.0.branch.0.0.weight",
                               "1.branches.0.branch.0.0.bias", "1.branches.0.branch.0.2.weight",
                               "1.branches.1.branches.1.0.weight", "1.branches.1.branches.1.0.bias",
                               "1.branches.1.branches.1.2.weight", "2.weight", "2.bias"});
  CHECK(offsets_agree<Net>());
  STATIC_REQUIRE(engine::graph<Net>.shape(15) == Shape{4, 4, 3 + 6});
}

TEST_CASE("graph: the same value may be read several times by one operation") {
  CHECK(reads_of<On<Conv<4>, Residual<Identity>>>() == Reads{{0}, {1, 1}});
  CHECK(reads_of<On<Conv<4>, Concat<Identity, Identity>>>() == Reads{{0}, {1, 1}});
}

TEST_CASE("graph: tensors of a network lie one behind the other") {
  using Net = On<Concat<Conv<4>, Sequential<Conv2d<5, 3>, BatchNorm>>,
                 Residual<Projection<Conv2d<8, 1>>, Conv2d<8, 3, ConvOptions{.groups = 1}>>, Flatten, Linear<3>>;
  Index offset = 0;
  for (const Segment& segment : Net::parameters) {
    CHECK(segment.offset == offset);
    offset += segment.size();
  }
  CHECK(offset == Net::parameter_count);
  CHECK(offsets_agree<Net>());
}
