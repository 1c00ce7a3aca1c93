#include <cstdint>
#include <vector>

#include <lamina/data/dataset.hpp>

#include "../catch.hpp"

using namespace lamina;

TEST_CASE("dataset: images and labels come back as they were appended") {
  Dataset images("tiny", {1, 2, 2}, 3);
  const std::vector<std::uint8_t> first{1, 2, 3, 4}, second{5, 6, 7, 255};
  images.append(first, 2);
  images.append(second, 0);

  REQUIRE(images.size() == 2);
  CHECK(std::vector(images.image(0).begin(), images.image(0).end()) == first);
  CHECK(std::vector(images.image(1).begin(), images.image(1).end()) == second);
  CHECK(images.label(0) == 2);
  CHECK(images.label(1) == 0);
}

TEST_CASE("dataset: an image or label that does not fit is refused and leaves the set as it was") {
  Dataset images("tiny", {1, 2, 2}, 3);
  const std::vector<std::uint8_t> pixels(4), too_few(3);
  CHECK_THROWS_WITH(images.append(too_few, 0), ContainsSubstring("tiny: an image of 1x2x2 has 4 bytes, found 3"));
  CHECK_THROWS_WITH(images.append(pixels, 3), ContainsSubstring("expected a label from 0 to 2, found 3"));
  CHECK_THROWS_WITH(images.append(pixels, -1), ContainsSubstring("found -1"));
  CHECK(images.size() == 0);
}

TEST_CASE("dataset: a set needs a shape and classes") {
  CHECK_THROWS_AS(Dataset("none", {0, 2, 2}, 3), ArgumentError);
  CHECK_THROWS_AS(Dataset("none", {1, 2, 2}, 0), ArgumentError);
}
