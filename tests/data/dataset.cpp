#include <cmath>
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

TEST_CASE("dataset: rows of target values stand beside the labels, or instead of them in a set of one class") {
  for (const Index classes : {1, 3}) {
    Dataset images("tiny", {1, 2, 2}, classes);
    images.append(std::vector<std::uint8_t>(4), 0);
    images.append(std::vector<std::uint8_t>(4), 0);
    CHECK(images.has_labels());
    CHECK(images.row(1).empty());
    images.set_rows({1, 2, 3, 4, 5, 6}, 3);
    CHECK(images.has_labels() == (classes > 1));
    CHECK(images.row_size() == 3);
    CHECK(std::vector(images.row(1).begin(), images.row(1).end()) == std::vector<float>{4, 5, 6});
    CHECK_THROWS_WITH(images.append(std::vector<std::uint8_t>(4), 0),
                      "tiny: its images have rows already: append before set_rows()");
  }
}

TEST_CASE("dataset: rows that do not fit are refused") {
  Dataset images("tiny", {1, 2, 2}, 1);
  images.append(std::vector<std::uint8_t>(4), 0);
  images.append(std::vector<std::uint8_t>(4), 0);
  CHECK_THROWS_WITH(images.set_rows({1, 2, 3}, 2), "tiny: expected 2 rows of target values, of 2 each, found 3 values");
  CHECK_THROWS_WITH(images.set_rows({}, 0), "tiny: a row of target values must have one at least, got 0");
  CHECK_THROWS_WITH(images.set_rows({1, std::nanf("")}, 1), "tiny: a target value of image 1 is not finite");
  CHECK(images.row_size() == 0);
}
