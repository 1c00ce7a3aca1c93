// What planning decides, asked of the compiler: which operation absorbs which, how many passes over memory a step
// makes, and what shares memory. A plan that fuses less still gives right results, so only these tests tell.

#include <algorithm>
#include <span>

#include <lamina/engine/planner.hpp>
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
using engine::BackwardKind;
using engine::ForwardKind;
using engine::kNone;
using engine::Mode;

namespace {

using engine::Fusion;

template <class... Layers>
using On = Sequential<Image<8, 8, 4>, Layers...>;

/// Keeps the four channels, so that it may stand in a residual block.
using Conv = Conv2d<4, 3, ConvOptions{.bias = false}>;

template <class Network>
constexpr auto training = engine::plan(engine::graph<Network>, Mode::training, Fusion::full);
template <class Network>
constexpr auto inference = engine::plan(engine::graph<Network>, Mode::inference, Fusion::full);
template <class Network>
constexpr auto unfused = engine::plan(engine::graph<Network>, Mode::training, Fusion::none);

/// How often each kind of forward step occurs.
struct ForwardCounts {
  std::size_t kernel = 0;
  std::size_t moments = 0;
  std::size_t normalize = 0;
  std::size_t evaluate = 0;
  std::size_t copy = 0;

  bool operator==(const ForwardCounts&) const = default;
};

struct BackwardCounts {
  std::size_t kernel = 0;
  std::size_t clear = 0;
  std::size_t accumulate = 0;
  std::size_t finish = 0;
  std::size_t normalize = 0;

  bool operator==(const BackwardCounts&) const = default;
};

constexpr ForwardCounts forward_counts(const auto& plan) {
  return {.kernel = plan.count(ForwardKind::kernel),
          .moments = plan.count(ForwardKind::moments),
          .normalize = plan.count(ForwardKind::normalize),
          .evaluate = plan.count(ForwardKind::materialize),
          .copy = plan.count(ForwardKind::copy)};
}

constexpr BackwardCounts backward_counts(const auto& plan) {
  return {.kernel = plan.count(BackwardKind::kernel),
          .clear = plan.count(BackwardKind::clear),
          .accumulate = plan.count(BackwardKind::accumulate),
          .finish = plan.count(BackwardKind::finish),
          .normalize = plan.count(BackwardKind::normalize)};
}

/// The forward step that runs an operation's kernel.
constexpr engine::ForwardStep kernel_step(const auto& plan, int operation) {
  for (std::size_t i = 0; i < plan.forward_count; ++i) {
    const engine::ForwardStep& step = plan.forward[i];
    if (step.kind == ForwardKind::kernel && step.operation == operation) return step;
  }
  return {};
}

/// The backward step that runs an operation's kernel.
constexpr engine::BackwardStep backward_step(const auto& plan, int operation) {
  for (std::size_t i = 0; i < plan.backward_count; ++i) {
    const engine::BackwardStep& step = plan.backward[i];
    if (step.kind == BackwardKind::kernel && step.operation == operation) return step;
  }
  return {};
}

/// The operation whose kernel measures the moments that a batch norm reads; none where a pass of its own does.
constexpr int measures(const auto& plan, engine::ValueId value) {
  for (std::size_t i = 0; i < plan.forward_count; ++i) {
    if (plan.forward[i].moments && plan.forward[i].value == value) return plan.forward[i].operation;
  }
  return kNone;
}

/// Whether a value is computed by whoever reads it and lies nowhere.
constexpr bool is_expression(const auto& plan, engine::ValueId value) {
  return plan.value(value).used && plan.value(value).kernel == kNone && !plan.value(value).in_memory;
}

}  // namespace

TEST_CASE("plan: in training a convolution absorbs the rectifier behind it") {
  using Net = On<Conv, ReLU, Conv, LeakyReLU, GlobalAvgPool>;
  constexpr auto& plan = training<Net>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 3});
  STATIC_REQUIRE(kernel_step(plan, 0).value == 2);
  STATIC_REQUIRE(kernel_step(plan, 2).value == 4);
  STATIC_REQUIRE(plan.value(2).kernel == 0);
  STATIC_REQUIRE(plan.value(2).activation == 1);
  STATIC_REQUIRE(!plan.value(1).used);
  // Backward goes through each activation in the kernel that reads it.
  STATIC_REQUIRE(backward_counts(plan) == BackwardCounts{.kernel = 3});
  STATIC_REQUIRE(backward_step(plan, 4).final);
  STATIC_REQUIRE(backward_step(plan, 2).final);
  // A gradient is read while the next is written: two buffers.
  STATIC_REQUIRE(plan.gradient_slots.count == 2);
}

TEST_CASE("plan: in training a smooth activation is computed by the kernel that reads it, from what backward needs") {
  using Net = On<Conv, Tanh, Conv, SiLU, Conv>;
  constexpr auto& plan = training<Net>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 3});
  STATIC_REQUIRE(backward_counts(plan) == BackwardCounts{.kernel = 3});
  STATIC_REQUIRE(is_expression(plan, 2));
  STATIC_REQUIRE(plan.value(2).summands[0].source == 1);
  STATIC_REQUIRE(is_expression(plan, 4));
}

TEST_CASE(
    "plan: in training the next kernel reads batch norm and activation as an expression, one pass a convolution") {
  using Net = On<Conv, BatchNorm, ReLU, Conv>;
  constexpr auto& plan = training<Net>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 2, .normalize = 1});
  STATIC_REQUIRE(kernel_step(plan, 0).value == 1);
  STATIC_REQUIRE(kernel_step(plan, 0).moments);
  STATIC_REQUIRE(!kernel_step(plan, 3).moments);
  STATIC_REQUIRE(!kernel_step(plan, 3).keeps_input);
  STATIC_REQUIRE(is_expression(plan, 3));
  STATIC_REQUIRE(plan.value(3).summands[0].source == 1);
  STATIC_REQUIRE(plan.value(3).summands[0].batch_norm == 1);
  STATIC_REQUIRE(plan.value(3).activation == 2);
  STATIC_REQUIRE(!plan.value(2).used);
  // Backward: the second convolution goes through activation and batch norm, the first reads what it left.
  STATIC_REQUIRE(backward_counts(plan) == BackwardCounts{.kernel = 2, .normalize = 1});
  STATIC_REQUIRE(backward_step(plan, 3).value == 3);
  STATIC_REQUIRE(backward_step(plan, 3).final);
  STATIC_REQUIRE(backward_step(plan, 0).source.value == 3);
  STATIC_REQUIRE(backward_step(plan, 0).source.batch_norm == 1);
  STATIC_REQUIRE(plan.gradient_slots.count == 1);
}

TEST_CASE("plan: in inference batch norm, addition and activation are in the convolution's epilogue") {
  using Net = On<Conv, BatchNorm, SiLU, Residual<Conv, BatchNorm, ReLU, Conv, BatchNorm>, GELU, Conv>;
  constexpr auto& plan = inference<Net>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 4, .normalize = 3});
  STATIC_REQUIRE(kernel_step(plan, 0).value == 3);
  STATIC_REQUIRE(plan.value(3).summands[0].batch_norm == 1);
  STATIC_REQUIRE(plan.value(3).activation == 2);
  STATIC_REQUIRE(kernel_step(plan, 6).value == 10);
  STATIC_REQUIRE(plan.value(10).summands[0].batch_norm == 7);
  STATIC_REQUIRE(plan.value(10).summands[1].source == 3);
  STATIC_REQUIRE(plan.value(10).activation == 9);
  // The block's input, what is read and what is written.
  STATIC_REQUIRE(plan.value_slots.count == 3);
  for (std::size_t i = 0; i < plan.forward_count; ++i) {
    if (plan.forward[i].kind == ForwardKind::normalize) CHECK(plan.forward[i].folds);
  }
}

TEST_CASE("plan: a chain in inference needs two buffers, however long it is, and none for what the caller gives") {
  using Long =
      On<Conv, ReLU, Conv, Conv, BatchNorm, Conv, AvgPool<2>, Flatten, Linear<5>, ReLU, Linear<5>, Tanh, Linear<3>>;
  STATIC_REQUIRE(inference<Long>.value_slots.count == 2);
  STATIC_REQUIRE(inference<On<Conv, Conv>>.value_slots.count == 1);
  STATIC_REQUIRE(inference<On<Conv>>.value_slots.count == 0);
}

TEST_CASE("plan: in training the kernel behind an identity block keeps the block's value, and no other is written") {
  using Net = On<Conv, BatchNorm, ReLU, Residual<Conv, BatchNorm, ReLU, Conv, BatchNorm>, ReLU, Conv>;
  constexpr auto& plan = training<Net>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 4, .normalize = 3});
  // The block's input is read twice, so the first to read it writes it down.
  STATIC_REQUIRE(plan.value(3).in_memory);
  STATIC_REQUIRE(kernel_step(plan, 3).keeps_input);
  STATIC_REQUIRE(is_expression(plan, 6));
  STATIC_REQUIRE(is_expression(plan, 10));
  STATIC_REQUIRE(plan.value(10).summands[0].source == 7);
  STATIC_REQUIRE(plan.value(10).summands[0].batch_norm == 7);
  STATIC_REQUIRE(plan.value(10).summands[1].source == 3);
  STATIC_REQUIRE(plan.value(10).summands[1].batch_norm == kNone);
  STATIC_REQUIRE(plan.value(10).activation == 9);
  // The branch's first convolution adds the gradient that the shortcut has left.
  STATIC_REQUIRE(backward_counts(plan) == BackwardCounts{.kernel = 4, .normalize = 3});
  STATIC_REQUIRE(backward_step(plan, 3).added.value == 10);
  STATIC_REQUIRE(backward_step(plan, 3).final);
  STATIC_REQUIRE(plan.gradient_slots.count == 3);
}

TEST_CASE("plan: in training a block without batch norm is added in the convolution's epilogue") {
  using Net = On<Conv, ReLU, Residual<Conv, ReLU, Conv>, ReLU, Conv>;
  constexpr auto& plan = training<Net>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 4});
  STATIC_REQUIRE(kernel_step(plan, 4).value == 7);
  STATIC_REQUIRE(plan.value(7).summands[1].source == 2);
  STATIC_REQUIRE(plan.value(7).activation == 6);
  STATIC_REQUIRE(backward_counts(plan) == BackwardCounts{.kernel = 4});
}

TEST_CASE("plan: both batch norms of a block with a projection are one expression") {
  using Net = On<Conv, ReLU, Residual<Projection<Conv, BatchNorm>, Conv, BatchNorm>, ReLU, Conv>;
  constexpr auto& plan = training<Net>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 4, .normalize = 2});
  STATIC_REQUIRE(is_expression(plan, 8));
  STATIC_REQUIRE(plan.value(8).summands[0].source == 3);
  STATIC_REQUIRE(plan.value(8).summands[0].batch_norm == 3);
  STATIC_REQUIRE(plan.value(8).summands[1].source == 5);
  STATIC_REQUIRE(plan.value(8).summands[1].batch_norm == 5);
  STATIC_REQUIRE(measures(plan, 3) == 2);
  STATIC_REQUIRE(measures(plan, 5) == 4);
  STATIC_REQUIRE(backward_counts(plan) == BackwardCounts{.kernel = 4, .normalize = 2});
  STATIC_REQUIRE(backward_step(plan, 4).source.value == 8);
  STATIC_REQUIRE(backward_step(plan, 2).source.value == 8);
  STATIC_REQUIRE(backward_step(plan, 2).added.value == 2);
  STATIC_REQUIRE(plan.gradient_slots.count == 2);

  constexpr auto& inferred = inference<Net>;
  STATIC_REQUIRE(forward_counts(inferred) == ForwardCounts{.kernel = 4, .normalize = 2});
  STATIC_REQUIRE(inferred.value(8).kernel == 4);
  STATIC_REQUIRE(inferred.value(8).summands[1].source == 4);
}

TEST_CASE("plan: a pre-activation block is added in the epilogue, which measures the next batch norm's moments") {
  using Net = On<Conv, Residual<BatchNorm, ReLU, Conv, BatchNorm, ReLU, Conv>, BatchNorm, ReLU, Conv>;
  constexpr auto& plan = training<Net>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 4, .normalize = 3});
  STATIC_REQUIRE(kernel_step(plan, 6).value == 8);
  STATIC_REQUIRE(plan.value(8).summands[1].source == 1);
  STATIC_REQUIRE(measures(plan, 1) == 0);
  STATIC_REQUIRE(measures(plan, 4) == 3);
  STATIC_REQUIRE(measures(plan, 8) == 6);
  STATIC_REQUIRE(is_expression(plan, 3));
  STATIC_REQUIRE(is_expression(plan, 6));
  STATIC_REQUIRE(is_expression(plan, 10));
}

TEST_CASE("plan: pooling reads batch norm and activation as an expression and measures what it gives") {
  using Net = On<Conv, BatchNorm, ReLU, AvgPool<2>, BatchNorm, ReLU, GlobalAvgPool, Linear<3>>;
  constexpr auto& plan = training<Net>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 4, .normalize = 2});
  STATIC_REQUIRE(is_expression(plan, 3));
  STATIC_REQUIRE(measures(plan, 4) == 3);
  STATIC_REQUIRE(is_expression(plan, 6));
  STATIC_REQUIRE(backward_counts(plan) == BackwardCounts{.kernel = 4, .normalize = 2});
}

TEST_CASE("plan: a layer that runs by its own definition gets its input in memory") {
  using Net = On<Conv, BatchNorm, ReLU, Dropout, Conv>;
  constexpr auto& plan = training<Net>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 3, .normalize = 1, .evaluate = 1});
  STATIC_REQUIRE(plan.value(3).in_memory);
}

TEST_CASE("plan: a reshaped value is the memory of the value it was, without a step") {
  using Net = On<Conv, ReLU, Flatten, Linear<3>>;
  constexpr auto& plan = training<Net>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 2});
  STATIC_REQUIRE(backward_counts(plan) == BackwardCounts{.kernel = 2, .finish = 1});
  STATIC_REQUIRE(plan.value(3).alias == 2);
  STATIC_REQUIRE(plan.value(3).root == 2);
  // At the end of the network it is copied to where the caller expects it.
  STATIC_REQUIRE(forward_counts(training<On<Conv, Flatten>>) == ForwardCounts{.kernel = 1, .copy = 1});
}

namespace {

using Unit = Sequential<BatchNorm, ReLU, Conv>;
using Dense = Concat<Identity, Unit>;
using DenseBlock = On<Conv, Dense, Dense, Dense, BatchNorm, ReLU, Conv>;

}  // namespace

TEST_CASE("plan: the values of a dense block are slices of its last concatenation, and nothing is copied") {
  constexpr auto& plan = training<DenseBlock>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 5, .normalize = 4});
  STATIC_REQUIRE(forward_counts(inference<DenseBlock>) == ForwardCounts{.kernel = 5, .normalize = 4});
  // Operations: 0 convolution, then three times batch norm, activation, convolution, concatenation.
  constexpr engine::ValueId last = 13;
  STATIC_REQUIRE(plan.value(last).root == last);
  for (const engine::ValueId value : {1, 4, 5, 8, 9, 12}) CHECK(plan.value(value).root == last);
  STATIC_REQUIRE(plan.value(1).channel == 0);
  STATIC_REQUIRE(plan.value(4).channel == 4);
  STATIC_REQUIRE(plan.value(5).channel == 0);
  STATIC_REQUIRE(plan.value(8).channel == 8);
  STATIC_REQUIRE(plan.value(9).channel == 0);
  STATIC_REQUIRE(plan.value(12).channel == 12);
  // Buffers in inference: the block.
  STATIC_REQUIRE(inference<DenseBlock>.value_slots.count == 1);
}

TEST_CASE("plan: the channels of a dense block are measured once each, by the convolution that writes them") {
  constexpr auto& plan = training<DenseBlock>;
  STATIC_REQUIRE(plan.count(ForwardKind::moments) == 0);
  STATIC_REQUIRE(measures(plan, 1) == 0);
  STATIC_REQUIRE(measures(plan, 4) == 3);
  STATIC_REQUIRE(measures(plan, 8) == 7);
  STATIC_REQUIRE(measures(plan, 12) == 11);
  for (const engine::ValueId value : {1, 4, 5, 8, 9, 12, 13}) CHECK(plan.moments_owner(value) == 13);
  STATIC_REQUIRE(plan.moments[13]);
  STATIC_REQUIRE(std::ranges::count(plan.moments, true) == 1);
}

TEST_CASE("plan: the gradients of a dense block are summed in one buffer, and its batch norms leave factors") {
  constexpr auto& plan = training<DenseBlock>;
  STATIC_REQUIRE(backward_counts(plan) == BackwardCounts{.kernel = 5, .normalize = 4});
  STATIC_REQUIRE(plan.gradient_slots.count == 1);
  STATIC_REQUIRE(plan.gradient(13).factors);
  for (const engine::ValueId value : {1, 4, 5, 8, 9, 12}) CHECK(plan.shared_root(value) == 13);
  // The last convolution reads all of the block and is the first to write its gradient; the others add.
  STATIC_REQUIRE(backward_step(plan, 15).shared == 13);
  STATIC_REQUIRE(!backward_step(plan, 15).accumulate);
  STATIC_REQUIRE(backward_step(plan, 11).shared == 9);
  STATIC_REQUIRE(backward_step(plan, 11).accumulate);
  STATIC_REQUIRE(backward_step(plan, 7).shared == 5);
  STATIC_REQUIRE(backward_step(plan, 3).shared == 1);
}

TEST_CASE("plan: the gradient of a concatenation is cleared only where its first part is not all of it") {
  STATIC_REQUIRE(backward_counts(training<On<Conv, Concat<Identity, Conv>, Conv>>) == BackwardCounts{.kernel = 3});
  // The gradient of the loss is added to the branches' slices.
  STATIC_REQUIRE(backward_counts(training<On<Conv, Concat<Conv, Conv>>>) ==
                 BackwardCounts{.kernel = 3, .clear = 1, .accumulate = 1});
  // A concatenation within another is a slice of it.
  using Within = On<Conv, Concat<Concat<Identity, Conv>, Conv>, Conv>;
  STATIC_REQUIRE(backward_counts(training<Within>) == BackwardCounts{.kernel = 4});
}

TEST_CASE("plan: branches that end in an activation write into their slices") {
  using Net =
      On<Conv, Concat<Sequential<Conv, ReLU>, Sequential<Conv, BatchNorm, ReLU>, Sequential<MaxPool<1>, Conv>>, Conv>;
  constexpr auto& plan = training<Net>;
  // 1 convolution; 2, 3 and 4, 5, 6 and 7, 8 the branches; 9 their concatenation.
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 6, .normalize = 1, .evaluate = 1});
  STATIC_REQUIRE(plan.value(3).root == 9);
  STATIC_REQUIRE(plan.value(6).root == 9);
  STATIC_REQUIRE(plan.value(6).channel == 4);
  STATIC_REQUIRE(plan.value(8).root == 9);
  STATIC_REQUIRE(plan.value(8).channel == 8);
  constexpr auto& inferred = inference<Net>;
  STATIC_REQUIRE(forward_counts(inferred) == ForwardCounts{.kernel = 6, .normalize = 1});
}

TEST_CASE("plan: a value in two concatenations lies in one and is copied to the other, once") {
  using Net = On<Conv, Concat<Identity, Concat<Identity, Conv>>, Conv>;
  constexpr auto& plan = training<Net>;
  STATIC_REQUIRE(forward_counts(plan) == ForwardCounts{.kernel = 3, .copy = 1});
  STATIC_REQUIRE(plan.value(1).root == 4);
  STATIC_REQUIRE(plan.value(1).channel == 0);
  STATIC_REQUIRE(plan.value(3).root == 4);
  STATIC_REQUIRE(plan.value(3).channel == 4);
  STATIC_REQUIRE(plan.value(2).channel == 8);
  STATIC_REQUIRE(forward_counts(training<On<Conv, Concat<Identity, Identity>>>) ==
                 ForwardCounts{.kernel = 1, .copy = 1});
}

TEST_CASE("plan: what cannot lie in a slice is copied: the network's input, a reshaped value, a layer's own result") {
  STATIC_REQUIRE(forward_counts(training<On<Concat<Identity, Conv>, Conv>>) == ForwardCounts{.kernel = 2, .copy = 1});
  STATIC_REQUIRE(forward_counts(training<On<Conv, Concat<Dropout, Conv>, Conv>>) ==
                 ForwardCounts{.kernel = 4, .copy = 1});
  STATIC_REQUIRE(forward_counts(training<On<Conv, Concat<Flatten, GlobalAvgPool>, Linear<2>>>) ==
                 ForwardCounts{.kernel = 3, .copy = 1});
}

namespace {

/// Forward passes over memory without fusion: each operation its own, but for concatenations, which are none, and
/// batch norms, which are two more.
template <class Network>
constexpr ForwardCounts one_step_an_operation() {
  ForwardCounts counts;
  for (const auto& operation : engine::graph<Network>.operations) {
    switch (operation.kind) {
      case engine::OperationKind::layer:
      case engine::OperationKind::convolution:
      case engine::OperationKind::pooling:
        ++counts.kernel;
        break;
      case engine::OperationKind::batch_norm:
        ++counts.moments;
        ++counts.normalize;
        ++counts.evaluate;
        break;
      case engine::OperationKind::activation:
      case engine::OperationKind::add:
        ++counts.evaluate;
        break;
      default:
        break;
    }
  }
  return counts;
}

}  // namespace

TEST_CASE("plan: without fusion every operation is a pass of its own") {
  using Chain = On<Conv, BatchNorm, ReLU, Conv, Tanh, Dropout, MaxPool<2>, GlobalAvgPool, Linear<3>>;
  using Blocks = On<Conv, BatchNorm, ReLU, Residual<Conv, BatchNorm, ReLU, Conv, BatchNorm>, ReLU,
                    Residual<Projection<Conv, BatchNorm>, Conv, BatchNorm>, ReLU>;
  using Branches = On<Conv, Concat<Sequential<Conv, ReLU>, Sequential<Conv, BatchNorm, ReLU>>, Conv>;
  STATIC_REQUIRE(forward_counts(unfused<Chain>) == one_step_an_operation<Chain>());
  STATIC_REQUIRE(forward_counts(unfused<Blocks>) == one_step_an_operation<Blocks>());
  STATIC_REQUIRE(forward_counts(unfused<Branches>) == one_step_an_operation<Branches>());
  // Of a dense block the channels are measured as they are written: as often as there are convolutions before it.
  STATIC_REQUIRE(forward_counts(unfused<DenseBlock>) ==
                 ForwardCounts{.kernel = 5, .moments = 4, .normalize = 4, .evaluate = 8});
  constexpr auto& plan = unfused<Blocks>;
  for (std::size_t i = 0; i < plan.forward_count; ++i) {
    CHECK_FALSE(plan.forward[i].keeps_input);
    CHECK_FALSE(plan.forward[i].moments);
  }
}
