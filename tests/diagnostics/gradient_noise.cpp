#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <lamina/diagnostics/gradient_noise.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/sequential.hpp>

#include "../layers/layer_checks.hpp"

using namespace lamina;

namespace {

/// So few images that each is a part of its own, in every kernel: a part of a product has some 200 pixels.
constexpr Index kBatch = 6;

using Conv3 = Conv2d<8, 3>;                               // Winograd
using Conv5 = Conv2d<7, 5>;                               // patches, a padded panel
using Grouped = Conv2d<12, 3, ConvOptions{.groups = 3}>;  // patches of each group
using Depthwise = Conv2d<12, 3, ConvOptions{.groups = 12}>;
using Net = Sequential<Image<16, 16, 3>, Conv3, LeakyReLU, Conv5, Conv2d<12, 1>, Grouped, LeakyReLU, Depthwise,
                       GlobalAvgPool, Linear<3>>;

template <class T>
struct Pass {
  explicit Pass(Index batch, int threads = 1) : workspace(batch, Team(threads)), noise(workspace) {}

  void add(Model<Net, T>& model, TensorView<const T> images, TensorView<const T> output_gradient) {
    model.forward(workspace, images);
    workspace.set_part_squares(noise.part_squares());
    model.backward(workspace, images, output_gradient);
    workspace.set_part_squares({});
    noise.add(std::as_const(model).gradients(), images.batch);
  }

  TrainingWorkspace<Net, T> workspace;
  GradientNoise noise;
};

std::span<const double> part_of(std::span<const double> all, const Segment& tensor) {
  return all.subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.size()));
}

double squared_norm(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum;
}

/// Squared norms of the gradient of a tensor from each image, added up.
double squares_of_images(Model<Net, double>& model, TensorView<const double> images,
                         TensorView<const double> output_gradient, const Segment& tensor) {
  TrainingWorkspace<Net, double> workspace(1, Team(1));
  double sum = 0;
  for (Index n = 0; n < images.batch; ++n) {
    model.forward(workspace, images.samples(n, 1));
    model.backward(workspace, images.samples(n, 1), output_gradient.samples(n, 1));
    sum += squared_norm(part_of(std::as_const(model).gradients(), tensor));
  }
  return sum;
}

const Segment& tensor_of(std::string_view name) {
  return *std::ranges::find(Net::parameters, name, [](const Segment& segment) { return segment.name.view(); });
}

}  // namespace

TEST_CASE("gradient noise: of parts of one image it is that of the images' own gradients") {
  Model<Net, double> model(3);
  const auto images = test::random_images<double>(kBatch, Net::input_shape);
  auto output_gradient = test::random_images<double>(kBatch, Net::output_shape);
  for (Index i = 0; i < output_gradient.size(); ++i) output_gradient[i] += 1;  // something that the images share
  Pass<double> pass(kBatch);
  pass.add(model, images.view(), std::as_const(output_gradient).view());
  const std::vector<double> gradients(model.gradients().begin(), model.gradients().end());
  const NoiseEvidence evidence = pass.noise.average();
  for (const std::string name : {"0.weight", "2.weight", "4.weight", "6.weight"}) {
    CAPTURE(name);
    const auto found = std::ranges::find(evidence.tensors, name,
                                         [](const TensorNoise& tensor) { return std::string(tensor.name.view()); });
    REQUIRE(found != evidence.tensors.end());
    const double all = squared_norm(part_of(gradients, tensor_of(name)));
    const double images_alone =
        squares_of_images(model, images.view(), std::as_const(output_gradient).view(), tensor_of(name));
    const double signal = (all - images_alone) / (1 - 1.0 / kBatch);
    REQUIRE(signal > 0);
    // Gradients of a batch and of images are rounded otherwise, to some 1e-14 of their length.
    CHECK(found->noise.signal_to_noise == Approx(signal / (all - signal)).epsilon(1e-9));
    CHECK(found->noise.noise_scale == Approx(kBatch * (all - signal) / signal).epsilon(1e-9));
    CHECK(found->kind == "conv");
  }
}

TEST_CASE("gradient noise: images that are all alike have none") {
  Model<Net, double> model(3);
  const auto image = test::random_images<double>(1, Net::input_shape);
  Tensor<double> images(kBatch, Net::input_shape);
  for (Index i = 0; i < images.size(); ++i) images[i] = image[i % image.size()];
  Tensor<double> output_gradient(kBatch, Net::output_shape);
  for (Index i = 0; i < output_gradient.size(); ++i) output_gradient[i] = i % 3 == 0 ? 1 : -0.5;
  Pass<double> pass(kBatch);
  pass.add(model, std::as_const(images).view(), std::as_const(output_gradient).view());
  for (const TensorNoise& tensor : pass.noise.average().tensors) {
    if (tensor.name.view() == "3.weight") continue;  // its parts end within images
    CAPTURE(tensor.name.view());
    CHECK(tensor.noise.noise_scale < 1e-9);
    CHECK(tensor.noise.signal_to_noise > 1e9);
  }
}

TEST_CASE("gradient noise: the total is that of all tensors together") {
  Model<Net, double> model(3);
  const auto images = test::random_images<double>(kBatch, Net::input_shape);
  auto output_gradient = test::random_images<double>(kBatch, Net::output_shape);
  for (Index i = 0; i < output_gradient.size(); ++i) output_gradient[i] += 1;
  Pass<double> pass(kBatch);
  pass.add(model, images.view(), std::as_const(output_gradient).view());
  const auto sums = pass.noise.sums();  // of |g|^2, of V, of the covariance, batches
  double signal = 0;
  double noise = 0;
  for (std::size_t i = 0; i + 3 < sums.size(); i += 4) {
    signal += sums[i];
    noise += sums[i + 1];
  }
  CHECK(pass.noise.average().total.signal_to_noise == Approx(signal / noise).epsilon(1e-12));
  CHECK(pass.noise.average().total.noise_scale == Approx(kBatch * noise / signal).epsilon(1e-12));
}

TEST_CASE("gradient noise: leaves the training's bits as they are, and has the same on any number of threads") {
  Model<Net, float> model(3);
  const auto images = test::random_images<float>(50, Net::input_shape);
  const auto output_gradient = test::random_images<float>(50, Net::output_shape);
  TrainingWorkspace<Net> workspace(50, Team(1));
  model.forward(workspace, images.view());
  model.backward(workspace, images.view(), output_gradient.view());
  const std::vector<float> expected(model.gradients().begin(), model.gradients().end());
  Pass<float> alone(50, 1);
  alone.add(model, images.view(), output_gradient.view());
  CHECK(std::ranges::equal(model.gradients(), expected));
  Pass<float> team(50, 3);
  team.add(model, images.view(), output_gradient.view());
  CHECK(team.noise.sums() == alone.noise.sums());
}

TEST_CASE("gradient noise: a gradient that is summed over the whole batch at once is left out") {
  Pass<float> pass(kBatch);
  Model<Net, float> model;
  const auto images = test::random_images<float>(kBatch, Net::input_shape);
  const auto output_gradient = test::random_images<float>(kBatch, Net::output_shape);
  CHECK(pass.noise.average().tensors.empty());
  pass.add(model, images.view(), output_gradient.view());
  CHECK(std::ranges::none_of(pass.noise.average().tensors,
                             [](const TensorNoise& tensor) { return tensor.kind == "linear"; }));
}

TEST_CASE("gradient noise: goes on from the sums of another to the bit") {
  Model<Net, float> model(3);
  const auto images = test::random_images<float>(kBatch, Net::input_shape);
  const auto output_gradient = test::random_images<float>(kBatch, Net::output_shape);
  Pass<float> uninterrupted(kBatch);
  Pass<float> rest(kBatch);
  uninterrupted.add(model, images.view(), output_gradient.view());
  rest.add(model, images.view(), output_gradient.view());
  rest.noise.restore(uninterrupted.noise.sums());
  for (Pass<float>* pass : {&uninterrupted, &rest}) {
    pass->add(model, images.view().samples(0, 4), output_gradient.view().samples(0, 4));
  }
  CHECK(rest.noise.sums() == uninterrupted.noise.sums());
  rest.noise.reset();
  CHECK(rest.noise.average().tensors.empty());
  CHECK_THROWS_WITH(rest.noise.restore(std::vector<double>(3)), "gradient noise takes 24 sums, got 3");
}
