#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

#include <lamina/data/augmentation.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

constexpr Shape kShape{6, 9, 3};  // neither square nor smaller than the padding
const Normalization kNormalization{{0.5, 0.4, 0.3}, {0.25, 0.2, 0.3}};

std::vector<std::uint8_t> make_image() {
  std::vector<std::uint8_t> image;
  for (Index i = 0; i < kShape.size(); ++i) image.push_back(static_cast<std::uint8_t>(i * 37 + 11));
  return image;
}

/// The definition: pad with black, crop, mirror, normalise.
template <class T>
std::vector<T> reference(const std::vector<std::uint8_t>& image, const Augmentation& augmentation) {
  const auto padded = [&](Index c, Index y, Index x) -> double {
    if (y < 0 || x < 0 || y >= kShape.height || x >= kShape.width) return 0;
    return image[static_cast<std::size_t>(c * kShape.pixels() + y * kShape.width + x)];
  };
  std::vector<T> result;
  for (Index y = 0; y < kShape.height; ++y) {
    for (Index x = 0; x < kShape.width; ++x) {
      const Index cropped = augmentation.flip ? kShape.width - 1 - x : x;
      for (Index c = 0; c < kShape.channels; ++c) {
        const double byte = padded(c, y + augmentation.row, cropped + augmentation.column);
        const auto i = static_cast<std::size_t>(c);
        result.push_back(static_cast<T>((byte / 255 - kNormalization.mean[i]) / kNormalization.deviation[i]));
      }
    }
  }
  return result;
}

}  // namespace

TEMPLATE_TEST_CASE("augmentation: every crop and flip equals pad, crop, mirror, normalise", "", float, double) {
  const auto image = make_image();
  const ImageNormalizer<TestType> normalize(kShape, kNormalization);
  for (const bool flip : {false, true}) {
    for (Index row = -kAugmentationPadding; row <= kAugmentationPadding; ++row) {
      for (Index column = -kAugmentationPadding; column <= kAugmentationPadding; ++column) {
        const Augmentation augmentation{row, column, flip};
        std::vector<TestType> result(image.size(), TestType(-99));
        normalize(image, augmentation, result.data());
        INFO("row " << row << " column " << column << " flip " << flip);
        // The same expression in double, rounded once: the same bits.
        CHECK(result == reference<TestType>(image, augmentation));
      }
    }
  }
}

TEST_CASE("augmentation: evaluation normalises the plain image") {
  const auto image = make_image();
  std::vector<float> result(image.size());
  ImageNormalizer<float>(kShape, kNormalization)(image, result.data());
  CHECK(result == reference<float>(image, {}));
}

TEST_CASE("augmentation: a draw depends on seed, epoch and sample, each") {
  const auto signature = [](std::uint64_t seed, Index epoch, Index first) {
    std::vector<Index> values;
    for (Index sample = first; sample < first + 20; ++sample) {
      const Augmentation drawn = draw_augmentation(seed, epoch, sample);
      values.push_back(drawn.row * 100 + drawn.column * 10 + drawn.flip);
    }
    return values;
  };
  CHECK(signature(1, 2, 3) == signature(1, 2, 3));
  CHECK(signature(1, 2, 3) != signature(2, 2, 3));
  CHECK(signature(1, 2, 3) != signature(1, 3, 3));
  CHECK(signature(1, 2, 3) != signature(1, 2, 4));
}

TEST_CASE("augmentation: offsets are uniform in -4 ... 4 and half of the images are mirrored") {
  constexpr int kDraws = 81'000;
  std::map<Index, int> rows, columns;
  std::map<Index, int> corners;
  int flips = 0;
  for (Index sample = 0; sample < kDraws; ++sample) {
    const Augmentation drawn = draw_augmentation(7, 0, sample);
    ++rows[drawn.row];
    ++columns[drawn.column];
    ++corners[drawn.row * 9 + drawn.column];
    flips += drawn.flip;
  }
  // Five standard deviations of a binomial count: sqrt(n p (1 - p)) is 89, 89, 31 and 142.
  REQUIRE(rows.size() == 9);
  REQUIRE(columns.size() == 9);
  REQUIRE(corners.size() == 81);
  for (Index offset = -4; offset <= 4; ++offset) {
    CHECK(std::abs(rows[offset] - 9000) < 447);
    CHECK(std::abs(columns[offset] - 9000) < 447);
  }
  for (const auto& [corner, count] : corners) CHECK(std::abs(count - 1000) < 157);
  CHECK(std::abs(flips - 40'500) < 711);
}

TEST_CASE("augmentation: a normalization that does not fit is an error") {
  CHECK_THROWS_WITH(ImageNormalizer<float>(kShape, {{0.5}, {0.5}}), ContainsSubstring("3 channels, found 1 and 1"));
  CHECK_THROWS_WITH(ImageNormalizer<float>(kShape, {{0, 0, 0}, {1, 0, 1}}), ContainsSubstring("must be positive"));
}

TEST_CASE("image normalizer: refuses an image of another size") {
  const ImageNormalizer<float> normalize(kShape, kNormalization);
  std::vector<float> values(static_cast<std::size_t>(kShape.size()));
  const std::vector<std::uint8_t> image(static_cast<std::size_t>(kShape.size() - 1));
  CHECK_THROWS_WITH(normalize(image, values.data()), "an image of 6x9x3 has 162 bytes, got 161");
}
