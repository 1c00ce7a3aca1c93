// What planning decides about the library's dense block: all its layers write into one tensor.
#include <lamina/engine/planner.hpp>
#include <lamina/network/dense_block.hpp>

#include "../catch.hpp"

using namespace lamina;
using engine::ForwardKind;
using engine::Fusion;
using engine::Mode;

namespace {

using Conv = Conv2d<4, 3, ConvOptions{.bias = false}>;
using Network = Sequential<Image<8, 8, 3>, Conv, DenseBlock<3, 4>, DenseTransition<>, DenseBlock<2, 4>, BatchNorm>;

template <Mode M>
constexpr auto plan = engine::plan(engine::graph<Network>, M, Fusion::full);

}  // namespace

TEST_CASE("plan: the growth of a dense block copies nothing") {
  STATIC_REQUIRE(Network::shapes[2] == Shape{8, 8, 16});
  STATIC_REQUIRE(Network::shapes[3] == Shape{4, 4, 8});
  STATIC_REQUIRE(plan<Mode::training>.count(ForwardKind::copy) == 0);
  STATIC_REQUIRE(plan<Mode::inference>.count(ForwardKind::copy) == 0);
}

TEST_CASE("plan: all layers of a dense block lie in its last concatenation") {
  constexpr auto graph = engine::graph<Network>;
  // Behind the convolution each layer is seven operations: norm, ReLU, convolution, twice, and the concatenation.
  constexpr engine::ValueId block = 1 + 3 * 7;
  STATIC_REQUIRE(graph.maker(block).kind == engine::OperationKind::concatenation);
  for (const engine::ValueId value : {1, 1 + 6, 1 + 7, 1 + 7 + 6, 1 + 2 * 7, 1 + 2 * 7 + 6}) {
    CAPTURE(value);
    CHECK(plan<Mode::training>.value(value).root == block);
  }
}

TEST_CASE("plan: what several batch norms of a dense block read is measured once, by the kernel that writes it") {
  STATIC_REQUIRE(plan<Mode::training>.count(ForwardKind::moments) == 0);
}
