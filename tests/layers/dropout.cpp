#include <algorithm>
#include <set>

#include <lamina/layers/dropout.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/network/concat.hpp>

#include "layer_checks.hpp"

using namespace lamina;

namespace {

template <DropProbability P = DropProbability{}>
using Net = Sequential<Image<8, 8, 32>, BasicDropout<P>>;

/// Of ones, the output is the mask times the scale.
template <class Network>
std::vector<double> mask(RandomPosition random = {}, int threads = 1) {
  Tensor<double> ones(5, Network::input_shape);
  std::fill_n(ones.data(), ones.size(), 1.0);
  Model<Network, double> model;
  TrainingWorkspace<Network, double> workspace(5, Team(threads));
  return test::values_of(model.forward(workspace, ones.view(), random));
}

template <class Network>
void check_rate(double probability) {
  const auto values = mask<Network>();
  const auto n = static_cast<double>(values.size());
  const auto dropped = static_cast<double>(std::ranges::count(values, 0.0));
  // Five standard deviations of a binomial count.
  CHECK(std::abs(dropped - probability * n) <= 5 * std::sqrt(n * probability * (1 - probability)));
  for (const double value : values) REQUIRE((value == 0 || value == Approx(1 / (1 - probability))));
}

}  // namespace

TEST_CASE("dropout: drops values at its rate and divides the others by the rate that is kept") {
  check_rate<Net<>>(0.5);
  check_rate<Net<DropProbability{0.1}>>(0.1);
  check_rate<Net<DropProbability{0.9}>>(0.9);
  check_rate<Net<DropProbability{0}>>(0);
}

TEST_CASE("dropout: the mask differs by step, by seed and by layer, and is else the same on any team") {
  const auto values = mask<Net<>>({.seed = 1, .step = 2});
  CHECK(values == mask<Net<>>({.seed = 1, .step = 2}, 3));
  CHECK(values != mask<Net<>>({.seed = 1, .step = 3}));
  CHECK(values != mask<Net<>>({.seed = 2, .step = 2}));
  // Two layers with one mask would keep half the values, two independent ones a quarter.
  const auto twice = mask<Sequential<Image<8, 8, 32>, Dropout, Dropout>>();
  const auto kept = static_cast<double>(twice.size()) - static_cast<double>(std::ranges::count(twice, 0.0));
  CHECK(kept / static_cast<double>(twice.size()) == Approx(0.25).margin(0.025));
}

TEST_CASE("dropout: no two layers of a network share a mask, however deep they are nested") {
  using Deep = Sequential<Sequential<Sequential<Sequential<Dropout>>>>;
  using Six = Sequential<Image<4, 4, 8>, Concat<Deep, Deep, Deep, Deep, Deep, Sequential<Identity, Deep>>>;
  const auto values = mask<Six>();
  std::set<std::vector<double>> masks;
  for (std::size_t layer = 0; layer < 6; ++layer) {
    std::vector<double> own;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i % (6 * 8) / 8 == layer) own.push_back(values[i]);
    }
    masks.insert(own);
  }
  CHECK(masks.size() == 6);
}

TEST_CASE("dropout: no two samples share a mask") {
  const auto values = mask<Net<>>();
  const std::ptrdiff_t size = Net<>::input_shape.size();
  CHECK_FALSE(std::equal(values.begin(), values.begin() + size, values.begin() + size));
}

TEST_CASE("dropout: backward has the mask of forward") {
  const RandomPosition random{.seed = 3, .step = 4};
  Tensor<double> ones(5, Net<>::input_shape);
  std::fill_n(ones.data(), ones.size(), 1.0);
  Tensor<double> input_gradient(5, Net<>::input_shape);
  Model<Net<>, double> model;
  TrainingWorkspace<Net<>, double> workspace(5, Team(2));
  const auto output = test::values_of(model.forward(workspace, ones.view(), random));
  model.backward(workspace, ones.view(), ones.view(), random, input_gradient.view());
  CHECK(test::values_of<double>(input_gradient.view()) == output);
}

TEST_CASE("dropout: inference changes nothing") {
  const auto x = test::random_images<float>(3, Net<>::input_shape);
  CHECK(test::infer_output<Net<>>(x) == test::values_of<float>(x.view()));
}

TEST_CASE("dropout: gradients are right") {
  test::check_gradients_of<Sequential<Image<3, 3, 5>, Dropout>>();
  test::check_gradients_of<Sequential<Image<1, 1, 9>, Linear<16>, BasicDropout<DropProbability{0.2}>, Linear<3>>>();
}
