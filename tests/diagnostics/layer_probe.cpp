#include <cmath>
#include <vector>

#include <lamina/diagnostics/backward_check.hpp>
#include <lamina/diagnostics/layer_probe.hpp>
#include <lamina/layers/avg_pool.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/global_avg_pool.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/losses/softmax_cross_entropy.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// y = x, with a gradient times Hundredths / 100.
template <int Hundredths>
struct PassOn : KeepsShape {
  static constexpr std::string_view kind = "pass_on";
  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    template <class T>
    static void forward(const Forward<T>& pass) {
      pass.output.matrix() = pass.input.matrix();
    }
    template <class T>
    static void backward(const Backward<T>& pass) {
      pass.input_gradient.matrix() = static_cast<T>(Hundredths) / T{100} * pass.output_gradient.matrix();
    }
  };
};

template <class Middle>
using Network =
    Sequential<Image<8, 8, 3>, Conv2d<8, 3>, BatchNorm, LeakyReLU, Residual<Middle, Conv2d<8, 3>, BatchNorm>, LeakyReLU,
               Concat<Identity, Conv2d<4, 3>>, AvgPool<2>, GlobalAvgPool, Linear<5>>;

/// Sixteen images of noise, and what a probe needs to look at a network on them.
template <class Probed>
struct Probing {
  Probing() : images(16, Probed::input_shape), labels(16) {
    RandomStream random(4, RandomPurpose::test);
    for (Index i = 0; i < images.size(); ++i) images[i] = random.normal();
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<Label>(i % 5);
    loss = probe.run(model, images.view(), Targets<double>{.labels = labels}, SoftmaxCrossEntropy{});
  }

  Model<Probed, double> model{2};
  Tensor<double> images;
  std::vector<Label> labels;
  LayerProbe<Probed, double> probe{16, Team(1)};
  double loss = 0;
};

}  // namespace

TEST_CASE("layer probe: its loss and gradients are those of a training step") {
  Probing<Network<PassOn<100>>> probing;
  auto& model = probing.model;
  TrainingWorkspace<Network<PassOn<100>>, double> workspace(16, Team(1));
  const auto output = model.forward(workspace, probing.images.view());
  const auto gradient = workspace.output_gradient(16);
  const double loss =
      loss_of<double>(SoftmaxCrossEntropy{}, output, Targets<double>{.labels = probing.labels}, gradient, Team(1));
  model.backward(workspace, probing.images.view(), gradient);
  CHECK(probing.loss == Approx(loss).epsilon(1e-12));
  double most = 0, largest = 0;
  for (std::size_t i = 0; i < model.gradients().size(); ++i) {
    most = std::max(most, std::abs(model.gradients()[i] - probing.probe.gradients()[i]));
    largest = std::max(largest, std::abs(model.gradients()[i]));
  }
  CHECK(largest > 1e-3);
  CHECK(most < 1e-10 * largest);
}

TEST_CASE("layer probe: the error of the output is the norm of the loss's gradient, and every convolution has one") {
  Probing<Network<PassOn<100>>> probing;
  const auto operations = probing.probe.operations();
  TensorView<const double> output = probing.probe.output();
  Tensor<double> gradient(16, output.shape);
  (void)SoftmaxCrossEntropy{}(output, std::span<const Label>(probing.labels), gradient.view(), Team(1));
  CHECK(operations.back().error == Approx(gradient.view().matrix().norm()).epsilon(1e-12));
  const auto entries = list_operations<Network<PassOn<100>>>();
  REQUIRE(entries.size() == operations.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].kind != "conv") continue;
    CHECK(operations[i].error_measured);
    CHECK(operations[i].error > 0);
  }
}

TEST_CASE("layer probe: a batch norm's output has the mean square 1 and no channel means") {
  Probing<Network<PassOn<100>>> probing;
  CHECK(probing.probe.operations()[1].output.mean_square == Approx(1).epsilon(1e-3));
  CHECK(probing.probe.operations()[1].output.squared_channel_mean < 1e-20);
}

TEST_CASE("backward check: a right layer passes, a wrong sign and a lost gradient show as what they are") {
  const auto ratio = []<class Middle>(Middle) {
    Probing<Network<Middle>> probing;
    const auto checks = check_backward(probing.probe, probing.model);
    REQUIRE(checks.size() == 1);
    return checks.front().input_ratio;
  };
  CHECK(ratio(PassOn<100>{}) == Approx(1).epsilon(1e-6));
  CHECK(ratio(PassOn<-100>{}) == Approx(-1).epsilon(1e-6));
  CHECK(ratio(PassOn<0>{}) == 0);
}
