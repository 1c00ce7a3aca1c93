#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <lamina/diagnostics/signal_propagation.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/layers/smooth_activation.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>
#include <lamina/network/squeeze_excitation.hpp>

#include "../layers/layer_checks.hpp"

using namespace lamina;

namespace {

constexpr Index kBatch = 5;

template <class Network, class T>
std::vector<LayerSignal> signals_of(Model<Network, T>& model, const Tensor<T>& images, int threads = 1,
                                    Fusion fusion = Fusion::full) {
  TrainingWorkspace<Network, T> workspace(images.batch(), Team(threads), fusion);
  SignalPropagation signals(workspace);
  model.forward(workspace, images.view());
  signals.add(model, workspace, images.view());
  return signals.average();
}

LayerSignal find(const std::vector<LayerSignal>& signals, std::string_view name) {
  const auto found = std::ranges::find(signals, name, [](const LayerSignal& signal) { return signal.name.view(); });
  REQUIRE(found != signals.end());
  return *found;
}

std::vector<std::string> names_of(const std::vector<LayerSignal>& signals) {
  std::vector<std::string> names;
  for (const LayerSignal& signal : signals) names.push_back(signal.kind + " " + std::string(signal.name.view()));
  return names;
}

/// The signal of values in memory, by its definition.
LayerSignal naive_signal(TensorView<const double> values) {
  LayerSignal signal;
  const Index channels = values.shape.channels;
  const auto count = static_cast<double>(values.pixels());
  double squares = 0;
  double dead = 0;
  for (Index c = 0; c < channels; ++c) {
    double sum = 0;
    bool positive = false;
    for (Index pixel = 0; pixel < values.pixels(); ++pixel) {
      const double value = values.data[pixel * values.stride + c];
      sum += value;
      squares += value * value;
      positive = positive || value > 0;
    }
    signal.mean += sum / count / static_cast<double>(channels);
    signal.squared_mean += sum / count * sum / count / static_cast<double>(channels);
    dead += positive ? 0 : 1;
  }
  signal.standard_deviation = std::sqrt(squares / count / static_cast<double>(channels) - signal.mean * signal.mean);
  signal.dead_share = dead / static_cast<double>(channels);
  return signal;
}

/// The signal of a network's output. The parameters of a longer network begin with its own.
template <class Prefix, class Network>
LayerSignal output_signal(const Model<Network, double>& model, const Tensor<double>& images) {
  Model<Prefix, double> prefix;
  std::copy_n(model.parameters().begin(), Prefix::parameter_count, prefix.parameters().begin());
  TrainingWorkspace<Prefix, double> workspace(images.batch(), Team(1), Fusion::none);
  return naive_signal(prefix.forward(workspace, images.view()));
}

/// Tolerances: sums of up to some thousand products in double, in another order.
void check_same(const LayerSignal& found, const LayerSignal& expected) {
  CAPTURE(found.name.view());
  CHECK(found.mean == Approx(expected.mean).epsilon(1e-10).margin(1e-12));
  CHECK(found.standard_deviation == Approx(expected.standard_deviation).epsilon(1e-10));
  CHECK(found.squared_mean == Approx(expected.squared_mean).epsilon(1e-10));
}

using Convolution = Conv2d<11, 3>;
using Block = Residual<Conv2d<11, 3>, BatchNorm, ReLU, Conv2d<11, 3>, BatchNorm>;
using L0 = Sequential<Image<9, 7, 3>, Convolution>;
using L1 = Sequential<Image<9, 7, 3>, Convolution, BatchNorm, ReLU>;
using L2 = Sequential<Image<9, 7, 3>, Convolution, BatchNorm, ReLU, Block>;
using L3 = Sequential<Image<9, 7, 3>, Convolution, BatchNorm, ReLU, Block, LeakyReLU>;
using L4 = Sequential<Image<9, 7, 3>, Convolution, BatchNorm, ReLU, Block, LeakyReLU, Convolution, Tanh>;
using L5 = Sequential<Image<9, 7, 3>, Convolution, BatchNorm, ReLU, Block, LeakyReLU, Convolution, Tanh, GlobalAvgPool>;
using Net = Sequential<Image<9, 7, 3>, Convolution, BatchNorm, ReLU, Block, LeakyReLU, Convolution, Tanh, GlobalAvgPool,
                       Linear<4>>;

using DenseUnit = Concat<Identity, Sequential<BatchNorm, ReLU, Conv2d<4, 3>>>;
using Dense = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, DenseUnit, DenseUnit, BatchNorm, SiLU, SqueezeExcitation<2>,
                         Residual<Projection<Conv2d<6, 1>>, Conv2d<6, 3>>, Flatten, Linear<5>>;

}  // namespace

TEST_CASE("signal propagation: is that of the values behind each layer, whatever is computed together with it") {
  Model<Net, double> model(1);
  const auto images = test::random_images<double>(kBatch, Net::input_shape);
  const Fusion fusion = GENERATE(Fusion::full, Fusion::none);
  const auto signals = signals_of(model, images, 1, fusion);
  check_same(find(signals, "input"), naive_signal(images.view()));
  check_same(find(signals, "0"), output_signal<L0>(model, images));
  check_same(find(signals, "2"), output_signal<L1>(model, images));
  check_same(find(signals, "4"), output_signal<L3>(model, images));
  check_same(find(signals, "6"), output_signal<L4>(model, images));
  check_same(find(signals, "7"), output_signal<L5>(model, images));
  check_same(find(signals, "8"), output_signal<Net>(model, images));
  if (fusion == Fusion::none) check_same(find(signals, "3"), output_signal<L2>(model, images));
}

TEST_CASE("signal propagation: has a row for what is computed together, named after the last layer of it") {
  Model<Net, float> model;
  const auto signals = signals_of(model, test::random_images<float>(kBatch, Net::input_shape));
  CHECK(names_of(signals) == std::vector<std::string>{"input input", "conv 0", "relu 2", "conv 3.branch.0",
                                                      "relu 3.branch.2", "conv 3.branch.3", "leaky_relu 4", "conv 5",
                                                      "tanh 6", "global_avg_pool 7", "linear 8"});
}

TEST_CASE("signal propagation: names sums, channel scalings and what is in branches, and leaves concatenations out") {
  Model<Dense, float> model;
  const auto names = names_of(signals_of(model, test::random_images<float>(kBatch, Dense::input_shape)));
  for (const std::string name : {"relu 1.branches.1.1", "conv 1.branches.1.2", "relu 2.branches.1.1", "silu 4",
                                 "channel_scale 5", "conv 6.branch.0", "residual 6", "linear 8"}) {
    CAPTURE(name);
    CHECK(std::ranges::count(names, name) == 1);
  }
  CHECK(std::ranges::none_of(names, [](const std::string& name) { return name.starts_with("concat"); }));
}

TEST_CASE("signal propagation: the dead channels are those that no image makes positive") {
  using Relus = Sequential<Image<4, 4, 2>, Conv2d<8, 3>, ReLU, Conv2d<8, 1>, BatchNorm, LeakyReLU, Flatten, Linear<3>>;
  Model<Relus, float> model;
  // Biases of the first convolution and shifts of the batch norm.
  const auto set = [&](std::string_view tensor, std::size_t channels) {
    const auto found =
        std::ranges::find(Relus::parameters, tensor, [](const Segment& segment) { return segment.name.view(); });
    for (std::size_t c = 0; c < channels; ++c) model.parameters()[static_cast<std::size_t>(found->offset) + c] = -100;
  };
  set("0.bias", 3);
  set("3.bias", 2);
  const auto signals = signals_of(model, test::random_images<float>(kBatch, Relus::input_shape));
  CHECK(find(signals, "1").dead_share == 3.0 / 8);
  CHECK(find(signals, "4").dead_share == 2.0 / 8);
  CHECK(find(signals, "2").dead_share == 0);  // no activation, though channels of it may be negative
  CHECK(find(signals, "6").dead_share == 0);
}

TEST_CASE("signal propagation: a channel that one image makes positive is not dead") {
  using Relus = Sequential<Image<1, 1, 2>, Linear<1, LinearOptions{.bias = false}>, ReLU>;
  Model<Relus, float> model;
  model.parameters()[0] = 1;
  model.parameters()[1] = 0;
  Tensor<float> images(2, Relus::input_shape);
  TrainingWorkspace<Relus> workspace(2, Team(1));
  SignalPropagation signals(workspace);
  const auto add = [&](float first, float second) {
    images[0] = first;
    images[2] = second;
    model.forward(workspace, images.view());
    signals.add(model, workspace, std::as_const(images).view());
    return find(signals.average(), "1").dead_share;
  };
  CHECK(add(-1, -2) == 1);
  CHECK(add(-1, 2) == 0);
  CHECK(add(-1, -2) == 0);  // it was positive once
  signals.reset();
  CHECK(add(-1, -2) == 1);
}

namespace {

template <class Activation>
LayerSignal activated(std::vector<float> values) {
  using Alone = Sequential<Image<1, 1, 1>, Activation>;
  Model<Alone, float> model;
  Tensor<float> images(std::ssize(values), Alone::input_shape);
  std::ranges::copy(values, images.data());
  return find(signals_of(model, images), "0");
}

}  // namespace

TEST_CASE("signal propagation: values where a sigmoid's slope is below a tenth of its steepest are saturated") {
  // 1 - tanh(z)^2 = 0.1 at z = 1.8184, and a sigmoid is half as steep: at 3.6369.
  CHECK(activated<Tanh>({-1.82F, -1.81F, 0, 1.81F, 1.82F}).saturated_share == 2.0 / 5);
  CHECK(activated<Sigmoid>({-3.64F, -3.63F, 3.63F, 3.64F}).saturated_share == 2.0 / 4);
  CHECK(activated<HardSigmoid>({-4, -2, 2, 4}).saturated_share == 2.0 / 4);
  CHECK(activated<Tanh>({-1, -2}).dead_share == 0);
  CHECK(activated<ReLU6>({-1, -2, 7}).saturated_share == 0);
  CHECK(activated<ReLU6>({-1, -2}).dead_share == 1);
  CHECK(activated<SiLU>({-1, -2}).dead_share == 1);
  CHECK(activated<ELU>({-100, 100}).saturated_share == 0);
}

TEMPLATE_TEST_CASE("signal propagation: has the same bits on any number of threads", "", Net, Dense) {
  Model<TestType, float> model;
  const auto images = test::random_images<float>(20, TestType::input_shape);
  const auto sums = [&](int threads) {
    TrainingWorkspace<TestType> workspace(20, Team(threads));
    SignalPropagation signals(workspace);
    for (int i = 0; i < 3; ++i) {
      model.forward(workspace, images.view());
      signals.add(model, workspace, images.view());
    }
    return signals.sums();
  };
  const auto expected = sums(1);
  CHECK(sums(2) == expected);
  CHECK(sums(5) == expected);
}

TEST_CASE("signal propagation: reads the first images of a batch") {
  Model<L1, float> model;
  auto images = test::random_images<float>(20, L1::input_shape);
  TrainingWorkspace<L1> workspace(20, Team(1));
  SignalPropagation signals(workspace);
  model.forward(workspace, images.view());
  signals.add(model, workspace, std::as_const(images).view());
  CHECK(signals.images() == SignalPropagation::kImages);
  const double mean = find(signals.average(), "input").mean;
  const auto first = naive_signal([&] {
    static Tensor<double> some(SignalPropagation::kImages, L1::input_shape);
    for (Index i = 0; i < some.size(); ++i) some[i] = images[i];
    return std::as_const(some).view();
  }());
  CHECK(mean == Approx(first.mean).epsilon(1e-12));
}

TEST_CASE("signal propagation: goes on from the sums of another to the bit") {
  Model<Net, float> model;
  const auto images = test::random_images<float>(kBatch, Net::input_shape);
  const auto others = test::random_images<float>(3, Net::input_shape);
  TrainingWorkspace<Net> workspace(kBatch, Team(1));
  const auto add = [&](SignalPropagation& signals, const Tensor<float>& batch) {
    model.forward(workspace, batch.view());
    signals.add(model, workspace, batch.view());
  };
  SignalPropagation uninterrupted(workspace);
  add(uninterrupted, images);
  add(uninterrupted, others);
  SignalPropagation before(workspace);
  add(before, images);
  SignalPropagation after(workspace);
  add(after, others);
  after.restore(before.sums());
  add(after, others);
  CHECK(after.sums() == uninterrupted.sums());
  CHECK(after.images() == kBatch + 3);
  CHECK_THROWS_WITH(after.restore(std::vector<double>(2)),
                    "signal propagation takes " + std::to_string(after.size()) + " sums, got 2");
}

TEST_CASE("signal propagation: has nothing to say before the first image") {
  TrainingWorkspace<Net> workspace(1, Team(1));
  CHECK(SignalPropagation(workspace).average().empty());
}

TEST_CASE("signal propagation: refuses images that forward did not take") {
  Model<L1, float> model;
  const auto images = test::random_images<float>(kBatch, L1::input_shape);
  TrainingWorkspace<L1> workspace(kBatch, Team(1));
  SignalPropagation signals(workspace);
  CHECK_THROWS_WITH(signals.add(model, workspace, images.view()),
                    "measuring signals takes the images of the last forward on its workspace, which were 0, got 5");
}
