#include <array>
#include <cmath>
#include <cstdint>
#include <thread>
#include <vector>

#include <lamina/inference/predict.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/sequential.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// The mean of each channel is the logit of a class.
using Means = Sequential<Image<1, 2, 3>, GlobalAvgPool>;

Classifier<Means> means() { return {.normalization = {.mean = {0, 0.5, 0}, .deviation = {1, 0.1, 1}}}; }

const std::vector<std::uint8_t> kImage{255, 255, 255, 255, 0, 0};  // planar: channels of 1, 1 and 0

}  // namespace

TEST_CASE("predict: an image is normalised as its classifier says") {
  // The second channel is (1 - 0.5) / 0.1 = 5, the first 1, the third 0.
  const Prediction prediction = predict(means(), kImage);
  REQUIRE(prediction.top.size() == 3);
  CHECK(prediction.best().label == 1);
  CHECK(prediction.top[1].label == 0);
  const double sum = std::exp(5.0) + std::exp(1.0) + 1;
  CHECK(prediction.best().probability == Approx(std::exp(5.0) / sum).epsilon(1e-6));  // float's rounding of 5
}

TEST_CASE("predict: images of floats are not divided by 255") {
  const std::vector<float> image{1, 1, 1, 1, 0, 0};
  CHECK(predict(means(), image).best().probability == Approx(predict(means(), kImage).best().probability));
}

TEST_CASE("predict: an image or a normalization of another size is refused with both sides") {
  CHECK_THROWS_WITH(predict(means(), std::vector<std::uint8_t>(5)), "an image of 1x2x3 has 6 bytes, got 5");
  Classifier<Means> classifier = means();
  classifier.normalization.mean.pop_back();
  CHECK_THROWS_WITH(predict(classifier, kImage),
                    "expected a mean and a standard deviation for 3 channels, found 2 and 3");
  classifier = means();
  classifier.class_names = {"one"};
  CHECK_THROWS_WITH(predict(classifier, kImage), "expected the names of 3 classes, found 1");
}

TEST_CASE("predict: several threads ask one classifier and get what one gets") {
  using Network = Sequential<Image<4, 4, 3>, AvgPool<2>, GlobalAvgPool, Linear<10>>;
  Classifier<Network> classifier{.normalization = {{0, 0, 0}, {1, 1, 1}}};
  std::array<std::vector<std::uint8_t>, 4> images;
  for (std::size_t n = 0; n < images.size(); ++n) images[n].assign(48, static_cast<std::uint8_t>(60 * n));
  std::array<double, 4> alone{};
  std::array<double, 4> together{};
  for (std::size_t n = 0; n < images.size(); ++n) alone[n] = predict(classifier, images[n]).best().probability;
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < images.size(); ++n) {
    threads.emplace_back([&, n] {
      InferenceWorkspace<Network> workspace(1, Team(1));
      for (int i = 0; i < 200; ++i) together[n] = predict(classifier, workspace, images[n]).best().probability;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(together == alone);
  CHECK(alone[0] != alone[1]);
}
