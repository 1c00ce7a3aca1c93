#include <vector>

#include <lamina/data/fingerprint.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// A training set of two images of 3x3x1, whose nine bytes are no whole words, and a test set of one.
TrainTestSets sets(std::uint8_t last_pixel, Label last_label, std::uint8_t test_pixel = 7) {
  const Shape shape{3, 3, 1};
  TrainTestSets sets{Dataset("train", shape, 4), Dataset("test", shape, 4)};
  std::vector<std::uint8_t> pixels(9, 1);
  sets.train.append(pixels, 2);
  pixels.back() = last_pixel;
  sets.train.append(pixels, last_label);
  sets.test.append(std::vector<std::uint8_t>(9, test_pixel), 0);
  return sets;
}

}  // namespace

TEST_CASE("fingerprint: the same images have the same") { CHECK(fingerprint(sets(5, 3)) == fingerprint(sets(5, 3))); }

TEST_CASE("fingerprint: any pixel or label changes it") {
  const auto original = fingerprint(sets(5, 3));
  CHECK(fingerprint(sets(6, 3)) != original);
  CHECK(fingerprint(sets(5, 2)) != original);
  CHECK(fingerprint(sets(5, 3, 8)) != original);
}
