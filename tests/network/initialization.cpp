#include <algorithm>
#include <cmath>
#include <vector>

#include <lamina/models/vgg.hpp>
#include <lamina/network/initialization.hpp>
#include <lamina/network/model.hpp>

#include "../layers/layer_checks.hpp"

using namespace lamina;

namespace {

template <class Network>
Model<Network> he_model(std::uint64_t seed = 0) {
  return Model<Network>(seed, InitializationScheme::he_normal);
}

std::vector<double> values_of(const Segment& tensor, std::span<const float> all) {
  const auto part = all.subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.size()));
  return {part.begin(), part.end()};
}

double mean(const std::vector<double>& values, double (*of)(double)) {
  double sum = 0;
  for (const double value : values) sum += of(value);
  return sum / static_cast<double>(values.size());
}

double mean_square(const std::vector<double>& values) {
  return mean(values, [](double x) { return x * x; });
}

/// The entry of a plain VGG38 and convolutions behind it, none of which has a bias.
template <Index Convolutions>
using Plain = typename NetworkOf<Image<32, 32, 3>,
                                 decltype(LayerList<Conv2d<32, 3, ConvOptions{.bias = false}>, BatchNorm, LeakyReLU>{} +
                                          detail::vgg_blocks<VggOptions{.blocks = Convolutions / 2}>())>::type;

/// Mean square of the output of a network at initialisation.
template <class Network>
double activation(InitializationScheme scheme, std::uint64_t seed) {
  Model<Network> model(seed, scheme);
  TrainingWorkspace<Network> workspace(4, Team(2));
  const auto images = test::random_images<float>(4, Network::input_shape);
  const auto output = test::values_of(model.forward(workspace, images.view()));
  return mean_square({output.begin(), output.end()});
}

/// How much of the entry's mean square is there behind so many convolutions, beside what He's weights keep on average:
/// all but what falls on the zeros around the image, as 94 of 3 x 32 rows of a window lie on it, and so for columns.
template <Index Convolutions>
double kept(InitializationScheme scheme, std::uint64_t seed) {
  const double expected = std::pow(94.0 / 96, 2 * Convolutions);
  return activation<Plain<Convolutions>>(scheme, seed) / activation<Plain<0>>(scheme, seed) / expected;
}

}  // namespace

TEST_CASE("he initialisation: weights are normal with deviation sqrt(2 / ((1 + slope^2) fan_in))") {
  CHECK(he_deviation(288) == Approx(std::sqrt(2 / (1.0001 * 288))).epsilon(1e-15));
  CHECK(he_deviation(8, 0) == 0.5);
  const auto model = he_model<Vgg38Bn>();
  Index tensors = 0;
  for (const Segment& tensor : Vgg38Bn::parameters) {
    if (tensor.rank < 2) continue;
    INFO(tensor.name.view());
    const double deviation = he_deviation(tensor.kind == "linear" ? 32 : (tensors == 0 ? 27 : 288));
    auto scaled = values_of(tensor, model.parameters());
    for (double& value : scaled) value /= deviation;
    const auto count = static_cast<double>(scaled.size());
    // Five deviations of the estimates: of n standard normal values those of the mean, the mean square and the mean
    // fourth power are 1, sqrt(2) and sqrt(96), over sqrt(n). Uniform values have a mean fourth power of 1.8.
    CHECK(std::abs(mean(scaled, [](double x) { return x; })) < 5 / std::sqrt(count));
    CHECK(std::abs(mean_square(scaled) - 1) < 5 * std::sqrt(2 / count));
    CHECK(std::abs(mean(scaled, [](double x) { return x * x * x * x; }) - 3) < 5 * std::sqrt(96 / count));
    ++tensors;
  }
  CHECK(tensors == 38);
}

TEST_CASE("he initialisation: biases are 0, batch norm's parameters and statistics as ever") {
  const auto model = he_model<Vgg38Bn>();
  const auto all_are = [](const Segment& tensor, std::span<const float> values, double expected) {
    INFO(tensor.name.view());
    CHECK(std::ranges::all_of(values_of(tensor, values), [&](double value) { return value == expected; }));
  };
  for (const Segment& tensor : Vgg38Bn::parameters) {
    const bool gamma = tensor.kind == "batch_norm" && tensor.name.view().ends_with("weight");
    if (tensor.rank < 2) all_are(tensor, model.parameters(), gamma ? 1 : 0);
  }
  for (const Segment& tensor : Vgg38Bn::statistics) {
    all_are(tensor, model.statistics(), tensor.name.view().ends_with("var") ? 1 : 0);
  }
}

TEST_CASE("he initialisation: depends on the seed and the tensor") {
  const auto values = [](std::uint64_t seed) {
    const auto model = he_model<Vgg08>(seed);
    return std::vector<float>(model.parameters().begin(), model.parameters().end());
  };
  CHECK(values(1) == values(1));
  CHECK(values(1) != values(2));
  const auto first = values(1);
  const Segment& one = Vgg08::parameters[3];
  const Segment& other = Vgg08::parameters[5];
  REQUIRE((one.rank == 4 && other.rank == 4));
  CHECK(values_of(one, first) != values_of(other, first));
}

TEST_CASE("initialisation: uniform in +-1/sqrt(fan_in) unless told otherwise") {
  const Model<Vgg08> model(5);
  const Segment& weight = Vgg08::parameters[3];
  RandomStream random(5, RandomPurpose::initialization, 3);
  const double bound = 1 / std::sqrt(288.0);
  for (const double value : values_of(weight, model.parameters())) {
    CHECK(value == static_cast<float>(random.uniform(-bound, bound)));
  }
}

// A layer's mean square scatters with the 32 filters that are drawn: where all pixels are alike, and in the depth they
// become so, the square of a rectified normal value has the relative variance 5, the mean of 32 has 5/32, and the
// logarithm behind n layers has mean -n 5/64 and variance n 5/32: -2.8 +- 2.4 for n = 36, and less than -0.8 +- 1.2 for
// the first ten, where pixels still differ. The default's weights have a sixth of He's variance, and lose 6^n.
TEST_CASE("he initialisation: keeps the activations through the depth of VGG38, which the default loses") {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    CHECK(std::abs(std::log(kept<10>(InitializationScheme::he_normal, seed))) < std::log(5));
    CHECK(std::abs(std::log(kept<36>(InitializationScheme::he_normal, seed)) + 2.8) < 3 * 2.4);
    CHECK(kept<10>(InitializationScheme::fan_in_uniform, seed) < 5 * std::pow(6, -10));
    CHECK(std::abs(std::log(kept<36>(InitializationScheme::fan_in_uniform, seed)) + 36 * std::log(6) + 2.8) < 3 * 2.4);
  }
}

TEST_CASE("initialisation: refuses an array that is not that of the tensors") {
  std::vector<float> few(static_cast<std::size_t>(Vgg08::parameter_count - 1));
  CHECK_THROWS_WITH(initialize<float>(Vgg08::parameters, InitializationScheme::fan_in_uniform, 0, few),
                    "the tensors have 59716 values, the flat array has 59715");
}
