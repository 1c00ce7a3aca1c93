#include <cmath>
#include <cstdint>
#include <vector>

#include <lamina/core/random.hpp>
#include <lamina/data/normalization.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

Dataset make_images(Index count) {
  Dataset images("noise", {5, 3, 2}, 2);
  RandomStream random(1, RandomPurpose::test);
  for (Index n = 0; n < count; ++n) {
    std::vector<std::uint8_t> pixels(30);
    for (std::size_t i = 0; i < 30; ++i) pixels[i] = static_cast<std::uint8_t>(random.below(i < 15 ? 256 : 40));
    images.append(pixels, 0);
  }
  return images;
}

}  // namespace

TEST_CASE("normalization: mean and population standard deviation of each channel, of the given images only") {
  const Dataset images = make_images(20);
  const std::vector<Index> samples{3, 4, 17};
  const Normalization measured = measure_normalization(images, samples);
  for (std::size_t c = 0; c < 2; ++c) {
    std::vector<double> values;
    for (const Index n : samples) {
      for (const auto byte : images.image(n).subspan(c * 15, 15)) values.push_back(byte / 255.0);
    }
    double mean = 0, variance = 0;
    for (const double value : values) mean += value / 45;
    for (const double value : values) variance += (value - mean) * (value - mean) / 45;
    // Both ways round at 2^-53 and lose at most a factor of mean^2 / variance, below 10 here.
    CHECK(measured.mean[c] == Approx(mean).epsilon(1e-13));
    CHECK(measured.deviation[c] == Approx(std::sqrt(variance)).epsilon(1e-13));
  }
}

TEST_CASE("normalization: the order of the images does not matter to the last bit") {
  const Dataset images = make_images(5);
  CHECK(measure_normalization(images, std::vector<Index>{0, 1, 2, 3, 4}) ==
        measure_normalization(images, std::vector<Index>{4, 2, 0, 3, 1}));
}

TEST_CASE("normalization: no images and a constant channel are errors") {
  CHECK_THROWS_WITH(measure_normalization(make_images(1), {}), ContainsSubstring("noise: no images"));
  Dataset images("flat", {1, 2, 2}, 1);
  images.append(std::vector<std::uint8_t>{1, 2, 255, 255}, 0);
  CHECK_THROWS_WITH(measure_normalization(images, std::vector<Index>{0}),
                    ContainsSubstring("flat: channel 1 has the same value in every pixel"));
}

TEST_CASE("normalization: refuses positions at which there is no image") {
  const Dataset images = make_images(3);
  const std::vector<Index> behind{0, 3};
  const std::vector<Index> before{-1};
  CHECK_THROWS_WITH(measure_normalization(images, behind), "image 3 is not one of the 3 images of noise");
  CHECK_THROWS_WITH(measure_normalization(images, before), "image -1 is not one of the 3 images of noise");
}
