#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include <lamina/data/split.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// Images of one pixel; image n has the class n % classes.
Dataset make_images(Index classes, Index per_class) {
  Dataset images("made images", {1, 1, 1}, classes);
  const std::vector<std::uint8_t> pixel(1);
  for (Index n = 0; n < classes * per_class; ++n) images.append(pixel, static_cast<Label>(n % classes));
  return images;
}

std::vector<Index> count_classes(const Dataset& images, const std::vector<Index>& samples) {
  std::vector<Index> counts(static_cast<std::size_t>(images.classes()));
  for (const Index sample : samples) ++counts[static_cast<std::size_t>(images.label(sample))];
  return counts;
}

std::vector<Index> common(const std::vector<Index>& a, const std::vector<Index>& b) {
  std::vector<Index> both;
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  return both;
}

}  // namespace

TEST_CASE("split: 5 % of 50,000 images are 475 and 25 of each of 100 classes") {
  const Dataset images = make_images(100, 500);
  const Split split = stratified_split(images, 0.05, 0);
  CHECK(count_classes(images, split.training) == std::vector<Index>(100, 475));
  CHECK(count_classes(images, split.validation) == std::vector<Index>(100, 25));
}

TEST_CASE("split: each image is in exactly one part") {
  const Dataset images = make_images(7, 30);
  const double fraction = GENERATE(0.0, 0.1, 0.5, 1.0);
  const Split split = stratified_split(images, fraction, 3);
  std::vector<Index> all;
  std::ranges::merge(split.training, split.validation,
                     std::back_inserter(all));  // needs, and so checks, ascending parts
  REQUIRE(std::ssize(all) == images.size());
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i] == static_cast<Index>(i));
}

TEST_CASE("split: classes of different size are each split by the fraction") {
  Dataset images("uneven", {1, 1, 1}, 2);
  const std::vector<std::uint8_t> pixel(1);
  for (int n = 0; n < 40; ++n) images.append(pixel, n < 10 ? 0 : 1);
  const Split split = stratified_split(images, 0.2, 0);
  CHECK(count_classes(images, split.validation) == std::vector<Index>{2, 6});
  CHECK(count_classes(images, split.training) == std::vector<Index>{8, 24});
}

TEST_CASE("split: the seed sets which images are taken, in each class by itself") {
  const Dataset images = make_images(10, 100);
  const Split split = stratified_split(images, 0.1, 5);
  CHECK(split.validation == stratified_split(images, 0.1, 5).validation);
  CHECK(split.validation != stratified_split(images, 0.1, 6).validation);

  std::vector<std::vector<Index>> places(10);  // position within the class
  for (const Index sample : split.validation) places[static_cast<std::size_t>(sample % 10)].push_back(sample / 10);
  CHECK(places[0] != places[1]);
}

TEST_CASE("limited split: images are spread over the classes, the first classes take what is left over") {
  const Dataset images = make_images(10, 100);
  const Split split = limited_split(images, 123, 0);
  CHECK(count_classes(images, split.training) == std::vector<Index>{13, 13, 13, 12, 12, 12, 12, 12, 12, 12});
  CHECK(count_classes(images, split.validation) == std::vector<Index>{2, 2, 1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(common(split.training, split.validation).empty());
}

TEST_CASE("limited split: there is always an image to validate on") {
  const Split split = limited_split(make_images(10, 100), 5, 0);
  CHECK(split.training.size() == 5);
  CHECK(split.validation.size() == 1);
}

TEST_CASE("limited split: smaller splits are contained in larger ones and in the full split of the same seed") {
  const Dataset images = make_images(10, 200);
  const Split small = limited_split(images, 100, 4);
  const Split large = limited_split(images, 500, 4);
  const Split full = stratified_split(images, 0.05, 4);
  CHECK(common(small.training, large.training) == small.training);
  CHECK(common(small.validation, large.validation) == small.validation);
  CHECK(common(large.training, full.training) == large.training);
  CHECK(common(large.validation, full.validation) == large.validation);
}

TEST_CASE("split: what cannot be met is an error") {
  const Dataset images = make_images(10, 20);
  CHECK_THROWS_WITH(limited_split(images, 200, 0),
                    ContainsSubstring("made images: class 0 has 20 images, not 20 for training and 2 for validation"));
  CHECK_THROWS_WITH(limited_split(images, 0, 0), ContainsSubstring("must be positive, got 0"));
  CHECK_THROWS_AS(stratified_split(images, -0.1, 0), ArgumentError);
  CHECK_THROWS_AS(stratified_split(images, 1.1, 0), ArgumentError);
  CHECK_THROWS_AS(stratified_split(images, std::numeric_limits<double>::quiet_NaN(), 0), ArgumentError);
}
