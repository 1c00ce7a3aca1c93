#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <lamina/data/procedural.hpp>

#include "../catch.hpp"
#include "temporary_folder.hpp"

using namespace lamina;

namespace {

std::string bytes_of(ProceduralPart part, Index records, std::uint64_t seed, int threads) {
  ProceduralStream stream(part, records, seed, Team(threads));
  return {std::istreambuf_iterator<char>(&stream), {}};
}

/// Mean of each channel.
std::vector<double> colours(std::span<const std::uint8_t> image) {
  std::vector<double> features(3);
  for (std::size_t i = 0; i < image.size(); ++i) features[i / 1024] += image[i] / 1024.0;
  return features;
}

/// As colours, and how much the middle of the image changes from left to right and from top to bottom, over distances
/// of one to four pixels.
std::vector<double> colours_and_stripes(std::span<const std::uint8_t> image) {
  auto features = colours(image);
  const auto grey = [&](std::size_t y, std::size_t x) {
    return image[y * 32 + x] + image[1024 + y * 32 + x] + image[2048 + y * 32 + x];
  };
  for (std::size_t distance = 1; distance <= 4; ++distance) {
    double across = 0, down = 0;
    for (std::size_t y = 8; y < 20; ++y) {
      for (std::size_t x = 8; x < 20; ++x) {
        across += std::abs(grey(y, x + distance) - grey(y, x));
        down += std::abs(grey(y + distance, x) - grey(y, x));
      }
    }
    features.push_back(across);
    features.push_back(down);
  }
  return features;
}

/// Accuracy of the simplest classifier there is, the nearest class mean of features scaled to equal variance.
template <class Features>
double nearest_mean_accuracy(const TrainTestSets& sets, const Features& features_of) {
  const auto count = static_cast<std::size_t>(sets.train.size());
  std::vector<std::vector<double>> means(100);
  std::vector<double> sums, squares;
  for (Index n = 0; n < sets.train.size(); ++n) {
    const auto features = features_of(sets.train.image(n));
    auto& mean = means[static_cast<std::size_t>(sets.train.label(n))];
    for (auto* values : {&mean, &sums, &squares}) values->resize(features.size());
    for (std::size_t i = 0; i < features.size(); ++i) {
      mean[i] += features[i] * 100 / static_cast<double>(count);
      sums[i] += features[i] / static_cast<double>(count);
      squares[i] += features[i] * features[i] / static_cast<double>(count);
    }
  }
  int right = 0;
  for (Index n = 0; n < sets.test.size(); ++n) {
    const auto features = features_of(sets.test.image(n));
    std::vector<double> distances;
    for (const auto& mean : means) {
      double distance = 0;
      for (std::size_t i = 0; i < features.size(); ++i) {
        distance += (features[i] - mean[i]) * (features[i] - mean[i]) / (squares[i] - sums[i] * sums[i]);
      }
      distances.push_back(distance);
    }
    right += std::ranges::min_element(distances) - distances.begin() == sets.test.label(n);
  }
  return right / static_cast<double>(sets.test.size());
}

}  // namespace

TEST_CASE("procedural set: the bytes are the same for any number of threads") {
  const std::string expected = bytes_of(ProceduralPart::train, 1100, 3, 1);
  CHECK(expected.size() == 1100 * 3074);
  CHECK((bytes_of(ProceduralPart::train, 1100, 3, 2) == expected));
  CHECK((bytes_of(ProceduralPart::train, 1100, 3, 4) == expected));
}

TEST_CASE("procedural set: seeds and parts differ, a smaller set is the beginning of a larger one") {
  const std::string expected = bytes_of(ProceduralPart::train, 5, 3, 1);
  CHECK((bytes_of(ProceduralPart::train, 5, 4, 1) != expected));
  CHECK((bytes_of(ProceduralPart::test, 5, 3, 1) != expected));
  CHECK(bytes_of(ProceduralPart::train, 1100, 3, 1).starts_with(expected));
}

TEST_CASE("procedural set: records are CIFAR-100 records, balanced over 100 classes in 20 groups of five") {
  const ProceduralOptions options{.train = 1000, .test = 200, .seed = 1};
  const TrainTestSets fine = procedural_cifar100(options);
  const TrainTestSets coarse = procedural_cifar100(options, Cifar100Labels::coarse);
  CHECK(fine.train.size() == 1000);
  CHECK(fine.test.size() == 200);
  CHECK(fine.train.shape() == Shape{32, 32, 3});
  CHECK(coarse.train.classes() == 20);
  for (Label c = 0; c < 100; ++c) {
    REQUIRE(std::ranges::count(fine.train.labels(), c) == 10);
    REQUIRE(std::ranges::count(fine.test.labels(), c) == 2);
  }
  for (Index n = 0; n < 1000; ++n) REQUIRE(coarse.train.label(n) == fine.train.label(n) / 5);
}

TEST_CASE("procedural set: no two images are equal") {
  const TrainTestSets sets = procedural_cifar100({.train = 500, .test = 500, .seed = 0});
  std::vector<std::vector<std::uint8_t>> all;
  for (const Dataset* set : {&sets.train, &sets.test}) {
    for (Index n = 0; n < 500; ++n) all.emplace_back(set->image(n).begin(), set->image(n).end());
  }
  std::ranges::sort(all);
  CHECK(std::ranges::adjacent_find(all) == all.end());
}

TEST_CASE("procedural set: it can be learned, but not by colour alone") {
  const TrainTestSets sets = procedural_cifar100({.train = 4000, .test = 1000, .seed = 0});
  // Colour cannot tell the five classes of a group apart: at best 20 % (standard deviation of 1000 images: 1.3 %).
  CHECK(nearest_mean_accuracy(sets, colours) < 0.25);
  // Chance is 1 %.
  CHECK(nearest_mean_accuracy(sets, colours_and_stripes) > 0.5);
}

TEST_CASE("procedural set: written to a folder and read back it is the same") {
  const TemporaryFolder folder;
  const ProceduralOptions options{.train = 30, .test = 10, .seed = 2};
  write_procedural_cifar100(folder.path() / "set", options);
  const TrainTestSets written = read_cifar100(folder.path() / "set");
  const TrainTestSets expected = procedural_cifar100(options);
  const auto equal = [](const Dataset& a, const Dataset& b) {
    bool same = a.size() == b.size() && std::ranges::equal(a.labels(), b.labels());
    for (Index n = 0; same && n < a.size(); ++n) same = std::ranges::equal(a.image(n), b.image(n));
    return same;
  };
  CHECK(equal(written.train, expected.train));
  CHECK(equal(written.test, expected.test));
}

TEST_CASE("procedural set: a place that cannot be written is an error and leaves nothing half-written") {
  const TemporaryFolder folder;
  const auto file = folder.write("file", {});
  CHECK_THROWS_WITH(write_procedural_cifar100(file / "set", {.train = 1, .test = 1}),
                    ContainsSubstring("set: cannot make the folder"));

  std::filesystem::create_directories(folder.path() / "set" / "train.bin" / "inside");  // a rename onto it must fail
  CHECK_THROWS_WITH(write_procedural_cifar100(folder.path() / "set", {.train = 1, .test = 1}),
                    ContainsSubstring("train.bin: cannot be written"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "set" / "train.bin.part"));
}

TEST_CASE("procedural set: sizes below one are errors, and nothing is written") {
  CHECK_THROWS_WITH(procedural_cifar100({.train = 0}),
                    ContainsSubstring("the procedural training set needs at least one image, got 0"));
  CHECK_THROWS_WITH(procedural_cifar100({.train = 1, .test = -1}), ContainsSubstring("test set needs"));
  const TemporaryFolder folder;
  CHECK_THROWS_AS(write_procedural_cifar100(folder.path() / "set", {.train = 1, .test = 0}), ArgumentError);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "set"));
}
