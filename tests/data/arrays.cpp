#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include <lamina/data/arrays.hpp>
#include <lamina/data/fingerprint.hpp>
#include <lamina/data/loader.hpp>
#include <lamina/data/normalization.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

constexpr ImageArray kFormat{.shape = {2, 2, 3}, .classes = 4};

/// 0, 1, 2, ...
template <class Pixel>
std::vector<Pixel> counted(Index size) {
  std::vector<Pixel> values(static_cast<std::size_t>(size));
  std::iota(values.begin(), values.end(), Pixel{0});
  return values;
}

template <class Pixel>
std::vector<Pixel> image_of(const Dataset& set, Index n) {
  if constexpr (std::is_same_v<Pixel, float>) return {set.float_image(n).begin(), set.float_image(n).end()};
  if constexpr (!std::is_same_v<Pixel, float>) return {set.image(n).begin(), set.image(n).end()};
}

}  // namespace

TEMPLATE_TEST_CASE("arrays: either layout becomes planar images with their labels", "", std::uint8_t, float) {
  const std::vector<Label> labels{3, 0};
  ImageArray format = kFormat;
  const Dataset last = make_dataset(counted<TestType>(24), labels, format);
  format.layout = ImageLayout::nchw;
  const Dataset first = make_dataset(counted<TestType>(24), labels, format);
  REQUIRE(last.size() == 2);
  CHECK(last.label(0) == 3);
  CHECK(image_of<TestType>(last, 1) == std::vector<TestType>{12, 15, 18, 21, 13, 16, 19, 22, 14, 17, 20, 23});
  CHECK(image_of<TestType>(first, 1) == std::vector<TestType>{12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23});
}

TEST_CASE("arrays: another number of images than labels, and a label out of range, are refused with both sides") {
  CHECK_THROWS_WITH(make_dataset(counted<std::uint8_t>(23), std::vector<Label>{0, 1}, kFormat),
                    "array: expected 2 images of 2x2x3, one a label, which are 24 values, found 23");
  CHECK_THROWS_WITH(make_dataset(counted<float>(24), std::vector<Label>{0, 4}, kFormat),
                    "array: expected a label from 0 to 3, found 4");
  CHECK_THROWS_WITH(make_dataset(counted<float>(12), std::vector<Label>{-1}, kFormat),
                    "array: expected a label from 0 to 3, found -1");
}

TEST_CASE("arrays: a number that is not finite is refused with its place") {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    auto values = counted<float>(24);
    values[12] = bad;
    CHECK_THROWS_WITH(make_dataset(values, std::vector<Label>{0, 1}, kFormat),
                      "array: value 0 of image 1 is not finite");
  }
}

TEST_CASE("dataset: a set holds bytes or floats, never both") {
  Dataset bytes("set", kFormat.shape, 4);
  Dataset floats("set", kFormat.shape, 4, PixelType::floats);
  CHECK_THROWS_WITH(bytes.append(counted<float>(12), 0), "set: expected an image of bytes, found floats");
  CHECK_THROWS_WITH(floats.append(counted<std::uint8_t>(12), 0), "set: expected an image of floats, found bytes");
  CHECK_THROWS_WITH(floats.append(counted<float>(11), 0), "set: an image of 2x2x3 has 12 values, found 11");
  CHECK(bytes.size() == 0);
  CHECK(floats.size() == 0);
}

TEST_CASE("dataset: classes have as many names as there are classes, or none") {
  Dataset set("set", kFormat.shape, 2);
  CHECK(set.class_names().empty());
  CHECK_THROWS_WITH(set.name_classes({"cat"}), "set: expected the names of 2 classes, found 1");
  set.name_classes({"cat", "dog"});
  CHECK(set.class_names() == std::vector<std::string>{"cat", "dog"});
}

TEST_CASE("normalization: of floats, mean and population standard deviation in their own unit") {
  const Dataset set = make_dataset(counted<float>(36), std::vector<Label>{0, 1, 2}, kFormat);
  const Normalization measured = measure_normalization(set, std::vector<Index>{0, 2});
  // Channel c of images 0 and 2: c + {0, 3, 6, 9, 24, 27, 30, 33}; mean 16.5 + c, variance 155.25.
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(measured.mean[c] == Approx(16.5 + static_cast<double>(c)).epsilon(1e-14));
    CHECK(measured.deviation[c] == Approx(std::sqrt(155.25)).epsilon(1e-14));
  }
  const Dataset constant = make_dataset(std::vector<float>(12, 0.1F), std::vector<Label>{0}, kFormat);
  CHECK_THROWS_WITH(measure_normalization(constant, std::vector<Index>{0}),
                    "array: channel 0 has the same value in every pixel");
}

TEST_CASE("loader: floats are normalised, cropped and mirrored as the same bytes are") {
  // Bytes are divided by 255, floats are not: with means and deviations in the unit of each the values agree.
  const ImageArray format{.shape = {5, 5, 3}, .classes = 4};  // large enough to be cropped
  const auto bytes = make_dataset(counted<std::uint8_t>(225), std::vector<Label>(3, 1), format);
  const auto floats = make_dataset(counted<float>(225), std::vector<Label>(3, 1), format);
  const Normalization of_bytes{{0.5, 0.25, 0.125}, {0.5, 0.25, 1}};
  Normalization of_floats = of_bytes;
  for (auto* const values : {&of_floats.mean, &of_floats.deviation}) {
    for (double& value : *values) value *= 255;
  }
  const bool augment = GENERATE(false, true);
  std::vector<Index> all(3);
  std::iota(all.begin(), all.end(), Index{0});
  BatchLoader<double> first(bytes, all, of_bytes, {.batch_size = 3, .augment = augment});
  BatchLoader<double> second(floats, all, of_floats, {.batch_size = 3, .augment = augment});
  const auto a = first.next().images;
  const auto b = second.next().images;
  double largest = 0;
  for (Index i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a.data[i] - b.data[i]));
  CHECK(largest < 1e-14);  // some roundings of numbers up to 4
}

TEST_CASE("fingerprint: one pixel of floats changes it") {
  auto values = counted<float>(24);
  const std::vector<Label> labels{0, 1};
  const TrainTestSets before{make_dataset(values, labels, kFormat), make_dataset(values, labels, kFormat)};
  values[23] = std::nextafter(values[23], 100.0F);
  const TrainTestSets after{make_dataset(values, labels, kFormat), before.test};
  CHECK(fingerprint(before) != fingerprint(after));
}
