#include <thread>
#include <vector>

#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/residual.hpp>

#include "../layers/layer_checks.hpp"

using namespace lamina;

namespace {

/// A residual network with every kind of layer but batch norm and dropout, which tell training from inference.
using Plain = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, LeakyReLU, Residual<Conv2d<8, 3>, LeakyReLU, Conv2d<8, 3>>,
                         LeakyReLU, AvgPool<2>, Residual<Projection<Conv2d<4, 1>>, Conv2d<4, 3>, LeakyReLU>,
                         Residual<Residual<LeakyReLU>, Conv2d<4, 3>>, MaxPool<2>, Flatten, Linear<5>>;

using Normalized =
    Sequential<Image<8, 8, 3>, Conv2d<8, 3>, BatchNorm, LeakyReLU,
               Residual<Conv2d<8, 3>, BatchNorm, LeakyReLU, Conv2d<8, 3>, BatchNorm>, LeakyReLU, AvgPool<2>, BatchNorm,
               Dropout, Residual<BatchNorm, LeakyReLU, Conv2d<8, 3>>, BatchNorm, LeakyReLU, GlobalAvgPool, Linear<5>>;

/// Statistics and parameters as after some training.
template <class T>
Model<Normalized, T> trained_model() {
  Model<Normalized, T> model(3);
  TrainingWorkspace<Normalized, T> workspace(6, Team(1));
  for (std::uint32_t step = 0; step < 3; ++step)
    model.forward(workspace, test::random_images<T>(6, Normalized::input_shape, step).view());
  return model;
}

/// Largest difference of inference run layer by layer and fused.
template <class T>
double difference_of_executions() {
  const auto model = trained_model<T>();
  const auto images = test::random_images<T>(6, Normalized::input_shape);
  InferenceWorkspace<Normalized, T> fused(6, Team(1), Fusion::full);
  InferenceWorkspace<Normalized, T> layers(6, Team(1), Fusion::none);
  const auto first = test::values_of(model.infer(fused, images.view()));
  const auto second = test::values_of(model.infer(layers, images.view()));
  double largest = 0;
  for (std::size_t i = 0; i < first.size(); ++i) largest = std::max<double>(largest, std::abs(first[i] - second[i]));
  return largest;
}

}  // namespace

TEST_CASE("inference: without batch norm and dropout it is the output of training, to the bit") {
  const auto images = test::random_images<float>(5, Plain::input_shape);
  CHECK(test::infer_output<Plain>(images) == test::train_output<Plain>(images));
}

TEST_CASE("inference: fused and layer by layer are the same up to rounding") {
  // Some ten layers whose values are of about one, each off by some tens of roundings.
  CHECK(difference_of_executions<float>() < 10 * 50 * 0x1p-24);
  CHECK(difference_of_executions<double>() < 10 * 50 * 0x1p-53);
}

TEST_CASE("inference: an image has the same output in any batch") {
  const auto model = trained_model<float>();
  const auto images = test::random_images<float>(40, Normalized::input_shape);
  InferenceWorkspace<Normalized> workspace(40, Team(2));
  const auto together = test::values_of(model.infer(workspace, images.view()));
  for (Index n = 0; n < 40; n += 13) {
    const auto alone = test::values_of(model.infer(workspace, images.view().samples(n, 1)));
    CHECK(std::equal(alone.begin(), alone.end(), together.begin() + 5 * n));
  }
}

TEST_CASE("inference: several threads share a const model and get equal bits") {
  const auto model = trained_model<float>();
  const auto images = test::random_images<float>(7, Normalized::input_shape);
  InferenceWorkspace<Normalized> own(7, Team(1));
  const auto expected = test::values_of(model.infer(own, images.view()));
  std::vector<std::vector<float>> outputs(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([&, i] {
      InferenceWorkspace<Normalized> workspace(7, Team(static_cast<int>(1 + i % 2)));
      for (int repeat = 0; repeat < 5; ++repeat) outputs[i] = test::values_of(model.infer(workspace, images.view()));
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& output : outputs) CHECK(output == expected);
}

TEST_CASE("inference: a workspace remembers nothing") {
  const auto model = trained_model<float>();
  const auto images = test::random_images<float>(7, Normalized::input_shape);
  InferenceWorkspace<Normalized> workspace(7, Team(1));
  const auto first = test::values_of(model.infer(workspace, images.view()));
  model.infer(workspace, test::random_images<float>(7, Normalized::input_shape, 5).view());
  CHECK(test::values_of(model.infer(workspace, images.view())) == first);
}
