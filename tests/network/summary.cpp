#include <string>

#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/summary.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

using Net =
    Sequential<Image<8, 8, 3>, Conv2d<16, 3>, Residual<Conv2d<16, 1>, BatchNorm>, LeakyReLU, GlobalAvgPool, Linear<10>>;

}  // namespace

TEST_CASE("summary: each layer has its name, shape, parameters and multiply-adds") {
  const NetworkSummary summary = summarize<Net>();
  CHECK(summary.input == Shape{8, 8, 3});
  REQUIRE(summary.layers.size() == 5);
  CHECK(summary.layers[0].name == "0");
  CHECK(summary.layers[0].kind == "conv");
  CHECK(summary.layers[0].output == Shape{8, 8, 16});
  CHECK(summary.layers[0].parameters == 3 * 3 * 3 * 16 + 16);
  CHECK(summary.layers[0].multiply_adds == 8 * 8 * 3 * 3 * 3 * 16);
  CHECK(summary.layers[1].kind == "residual");
  CHECK(summary.layers[1].parameters == 16 * 16 + 16 + 2 * 16);
  CHECK(summary.layers[1].multiply_adds == 8 * 8 * 16 * 16);
  CHECK(summary.layers[2].multiply_adds == 0);
  CHECK(summary.layers[4].multiply_adds == 16 * 10);
}

TEST_CASE("summary: the totals are the sums of the layers") {
  const NetworkSummary summary = summarize<Net>();
  Index parameters = 0;
  Index multiply_adds = 0;
  for (const LayerSummary& layer : summary.layers) {
    parameters += layer.parameters;
    multiply_adds += layer.multiply_adds;
  }
  CHECK(summary.parameters == parameters);
  CHECK(summary.multiply_adds == multiply_adds);
  CHECK(summary.statistics == 2 * 16);
}

TEST_CASE("summary: the table has a line a layer, and numbers in groups of three digits") {
  CHECK(to_string(summarize<Net>()) ==
        "layer                       output    parameters   multiply-adds\n"
        "input                        8x8x3                              \n"
        "0 conv                      8x8x16           448          27,648\n"
        "1 residual                  8x8x16           304          16,384\n"
        "2 leaky_relu                8x8x16             0               0\n"
        "3 global_avg_pool           1x1x16             0               0\n"
        "4 linear                    1x1x10           170             160\n"
        "total                                        922          44,192\n");
}

TEST_CASE("summary: memory is that of the workspaces") {
  for (const Index batch : {1, 7}) {
    const Team team(2);
    const MemorySummary memory = summarize_memory<Net>(batch, team);
    CHECK(memory.batch == batch);
    CHECK(memory.model == 4 * (2 * Net::parameter_count + Net::statistics_count));
    CHECK(memory.training == TrainingWorkspace<Net>(batch, team).bytes());
    CHECK(memory.inference == InferenceWorkspace<Net>(batch, team).bytes());
    CHECK(memory.inference < memory.training);
  }
  CHECK_THROWS_WITH(summarize_memory<Net>(0), "the batch size must be positive, got 0");
  CHECK(to_string(MemorySummary{.batch = 3, .model = 1'234'567'890, .training = 49'999, .inference = 950'000}) ==
        "memory for batches of 3: model 1,234.6 MB, training 0.0 MB, inference 1.0 MB\n");
}
