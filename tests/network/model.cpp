#include <vector>

#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/residual.hpp>

#include "../layers/layer_checks.hpp"

using namespace lamina;

namespace {

using Net = Sequential<Image<6, 6, 3>, Conv2d<8, 3>, BatchNorm, LeakyReLU,
                       Residual<Projection<Conv2d<4, 1>, BatchNorm>, Conv2d<4, 3>, BatchNorm>, LeakyReLU, Dropout,
                       GlobalAvgPool, Linear<5>>;

/// All that a training pass leaves behind.
struct Traces {
  std::vector<double> output;
  std::vector<double> gradients;
  std::vector<double> input_gradient;
  std::vector<double> statistics;
  bool operator==(const Traces&) const = default;
};

template <class T>
Traces train(Index batch, int threads, Fusion fusion, TrainingWorkspace<Net, T>* reused = nullptr) {
  Model<Net, T> model;
  TrainingWorkspace<Net, T> own(batch, Team(threads), fusion);
  TrainingWorkspace<Net, T>& workspace = reused == nullptr ? own : *reused;
  const auto images = test::random_images<T>(batch, Net::input_shape, 0);
  const auto output_gradient = test::random_images<T>(batch, Net::output_shape, 1);
  Tensor<T> input_gradient(batch, Net::input_shape);
  const auto output = model.forward(workspace, images.view(), {.seed = 1, .step = 2});
  model.backward(workspace, images.view(), output_gradient.view(), {.seed = 1, .step = 2}, input_gradient.view());
  const auto all = [](const auto& values) { return std::vector<double>(values.begin(), values.end()); };
  return {all(test::values_of(output)),
          all(model.gradients()),
          {input_gradient.data(), input_gradient.data() + input_gradient.size()},
          all(model.statistics())};
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace

TEST_CASE("network: parameters lie one behind the other under PyTorch's names") {
  CHECK(test::names_of(Net::parameters) ==
        std::vector<std::string_view>{"0.weight", "0.bias", "1.weight", "1.bias", "3.branch.0.weight",
                                      "3.branch.0.bias", "3.branch.1.weight", "3.branch.1.bias",
                                      "3.projection.0.weight", "3.projection.0.bias", "3.projection.1.weight",
                                      "3.projection.1.bias", "7.weight", "7.bias"});
  CHECK(test::names_of(Net::statistics) ==
        std::vector<std::string_view>{"1.running_mean", "1.running_var", "3.branch.1.running_mean",
                                      "3.branch.1.running_var", "3.projection.1.running_mean",
                                      "3.projection.1.running_var"});
  Index offset = 0;
  for (const Segment& segment : Net::parameters) {
    CHECK(segment.offset == offset);
    offset += segment.size();
  }
  CHECK(offset == Net::parameter_count);
}

TEST_CASE("network: each tensor knows the kind of its layer") {
  const std::vector<std::string_view> expected{"conv",       "conv",       "batch_norm", "batch_norm", "conv",
                                               "conv",       "batch_norm", "batch_norm", "conv",       "conv",
                                               "batch_norm", "batch_norm", "linear",     "linear"};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(Net::parameters[i].kind == expected[i]);
}

TEST_CASE("model: initial parameters depend on the seed alone") {
  const auto parameters = [](std::uint64_t seed) {
    const Model<Net> model(seed);
    return std::vector<float>(model.parameters().begin(), model.parameters().end());
  };
  CHECK(parameters(1) == parameters(1));
  CHECK(parameters(1) != parameters(2));
}

TEST_CASE("model: the same bits on any number of threads") {
  const Fusion fusion = GENERATE(Fusion::full, Fusion::none);
  const Traces alone = train<float>(37, 1, fusion);
  CHECK(train<float>(37, 2, fusion) == alone);
  CHECK(train<float>(37, 5, fusion) == alone);
}

TEST_CASE("model: fused and layer by layer are the same up to rounding") {
  const Traces fused = train<double>(9, 2, Fusion::full);
  const Traces layers = train<double>(9, 2, Fusion::none);
  // Values of about one and gradients up to some tens, through some ten layers of some tens of roundings each.
  CHECK(largest_difference(fused.output, layers.output) < 1e3 * 0x1p-53);
  CHECK(largest_difference(fused.gradients, layers.gradients) < 1e4 * 0x1p-53);
  CHECK(largest_difference(fused.input_gradient, layers.input_gradient) < 1e3 * 0x1p-53);
  CHECK(largest_difference(fused.statistics, layers.statistics) < 1e3 * 0x1p-53);
}

TEST_CASE("model: a batch smaller than the workspace gives the bits of a workspace of its size") {
  const Fusion fusion = GENERATE(Fusion::full, Fusion::none);
  TrainingWorkspace<Net> large(20, Team(2), fusion);
  train<float>(20, 2, fusion, &large);  // leaves values of a larger batch behind
  CHECK(train<float>(7, 2, fusion, &large) == train<float>(7, 2, fusion));
}

TEST_CASE("model: gradients do not depend on whether the input's are wanted, nor on those before") {
  Model<Net> model;
  TrainingWorkspace<Net> workspace(6, Team(1));
  const auto images = test::random_images<float>(6, Net::input_shape);
  const auto output_gradient = test::random_images<float>(6, Net::output_shape, 1);
  Tensor<float> input_gradient(6, Net::input_shape);
  const auto gradients = [&](TensorView<float> wanted) {
    model.forward(workspace, images.view());
    model.backward(workspace, images.view(), output_gradient.view(), {}, wanted);
    return std::vector<float>(model.gradients().begin(), model.gradients().end());
  };
  const auto without = gradients({});
  CHECK(gradients(input_gradient.view()) == without);
  CHECK(gradients({}) == without);
}

TEST_CASE("model: a copy is independent") {
  Model<Net> original;
  Model<Net> copy = original;
  copy.parameters()[0] += 1;
  CHECK(original.parameters()[0] != copy.parameters()[0]);
}

TEST_CASE("model: refuses images and batches that do not fit") {
  Model<Net> model;
  TrainingWorkspace<Net> training(2, Team(1));
  InferenceWorkspace<Net> inference(2, Team(1));
  const Tensor<float> wrong(2, {6, 5, 3});
  const Tensor<float> many(3, Net::input_shape);
  const Tensor<float> none(0, Net::input_shape);
  CHECK_THROWS_AS(model.forward(training, wrong.view()), ArgumentError);
  CHECK_THROWS_WITH(model.forward(training, wrong.view()), "the network takes images of 6x6x3, got 6x5x3");
  CHECK_THROWS_WITH(model.infer(inference, wrong.view()), "the network takes images of 6x6x3, got 6x5x3");
  CHECK_THROWS_WITH(model.forward(training, many.view()), "the workspace takes 1 to 2 images, got 3");
  CHECK_THROWS_WITH(model.infer(inference, many.view()), "the workspace takes 1 to 2 images, got 3");
  CHECK_THROWS_WITH(model.infer(inference, none.view()), "the workspace takes 1 to 2 images, got 0");
  CHECK_THROWS_WITH((TrainingWorkspace<Net>(0, Team(1))), "the batch size must be positive, got 0");
  CHECK_THROWS_WITH((InferenceWorkspace<Net>(-1, Team(1))), "the batch size must be positive, got -1");
}
