// The counter replaces functions of the C library, so each test program that uses it compiles it.
#include "../training/allocations.cpp"

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

using Net = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, BatchNorm, LeakyReLU,
                       Residual<Conv2d<8, 3>, BatchNorm, LeakyReLU, Conv2d<8, 3>, BatchNorm>, LeakyReLU, AvgPool<2>,
                       Residual<BatchNorm, LeakyReLU, Conv2d<8, 3>>, Residual<Projection<Conv2d<5, 1>>, Conv2d<5, 3>>,
                       MaxPool<2>, Dropout, Flatten, Linear<5>>;

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

TEST_CASE("allocations: forward, backward and inference request no memory") {
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
}
