#include <algorithm>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <thread>
#include <vector>

#include <lamina/core/team.hpp>
#include <lamina/data/loader.hpp>
#include <lamina/data/procedural.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

const Normalization kNormalization{{0.5, 0.4, 0.3}, {0.25, 0.2, 0.3}};

const Dataset& images() {
  static const Dataset set = procedural_cifar100({.train = 60, .test = 1, .seed = 0}).train;
  return set;
}

/// Not 0 ... n - 1, so that a position and an index cannot be mistaken for each other.
std::vector<Index> make_samples(Index count) {
  std::vector<Index> samples(static_cast<std::size_t>(count));
  std::iota(samples.begin(), samples.end(), Index{7});
  std::ranges::reverse(samples);
  return samples;
}

/// A batch that outlives its turn.
struct Copy {
  explicit Copy(const Batch<float>& batch)
      : values(batch.images.data, batch.images.data + batch.images.size()),
        labels(batch.labels.begin(), batch.labels.end()),
        samples(batch.samples.begin(), batch.samples.end()),
        position(batch.position) {}

  std::vector<float> values;
  std::vector<Label> labels;
  std::vector<Index> samples;
  BatchPosition position;

  friend bool operator==(const Copy&, const Copy&) = default;
};

std::vector<Copy> take(BatchLoader<float>& loader, int count) {
  std::vector<Copy> batches;
  for (int i = 0; i < count; ++i) batches.emplace_back(loader.next());
  return batches;
}

std::vector<Copy> take(const LoaderOptions& options, int count, BatchPosition start = {}) {
  BatchLoader<float> loader(images(), make_samples(45), kNormalization, options, start);
  return take(loader, count);
}

std::vector<Index> samples_of(const std::vector<Copy>& batches, Index epoch) {
  std::vector<Index> samples;
  for (const Copy& batch : batches) {
    if (batch.position.epoch == epoch) samples.insert(samples.end(), batch.samples.begin(), batch.samples.end());
  }
  return samples;
}

}  // namespace

TEST_CASE("loader: each epoch holds every image once, in a new order, the last batch being smaller") {
  const auto batches = take({.batch_size = 10, .seed = 1}, 10);
  for (Index epoch = 0; epoch < 2; ++epoch) {
    auto samples = samples_of(batches, epoch);
    std::ranges::sort(samples, std::greater{});
    CHECK(samples == make_samples(45));
  }
  CHECK(samples_of(batches, 0) != samples_of(batches, 1));
  CHECK(samples_of(batches, 0) != samples_of(take({.batch_size = 10, .seed = 2}, 5), 0));
  CHECK(batches[4].samples.size() == 5);
  CHECK(batches[5].position == BatchPosition{1, 0});
}

TEST_CASE("loader: images are augmented by seed, epoch and sample, normalised, and beside their labels") {
  const bool augment = GENERATE(true, false);
  const ImageNormalizer<float> normalize(images().shape(), kNormalization);
  std::vector<float> expected(static_cast<std::size_t>(images().shape().size()));
  for (const Copy& batch : take({.batch_size = 10, .seed = 3, .augment = augment}, 7)) {
    for (std::size_t i = 0; i < batch.samples.size(); ++i) {
      const Index sample = batch.samples[i];
      const auto augmentation = augment ? draw_augmentation(3, batch.position.epoch, sample) : Augmentation{};
      normalize(images().image(sample), augmentation, expected.data());
      REQUIRE(std::equal(expected.begin(), expected.end(), batch.values.data() + i * expected.size()));
      REQUIRE(batch.labels[i] == images().label(sample));
    }
  }
}

TEST_CASE("loader: evaluation gives the samples in their order, the same in each epoch") {
  const auto batches = take(LoaderOptions::evaluation(20), 6);
  CHECK(samples_of(batches, 0) == make_samples(45));
  CHECK(batches[2].samples.size() == 5);
  for (std::size_t i = 0; i < 3; ++i) CHECK(batches[i].values == batches[i + 3].values);
}

TEST_CASE("loader: the remainder can be dropped") {
  BatchLoader<float> loader(images(), make_samples(45), kNormalization, {.batch_size = 20, .drop_remainder = true});
  CHECK(loader.batches() == 2);
  const auto batches = take(loader, 3);
  CHECK(batches[1].samples.size() == 20);
  CHECK(batches[2].position == BatchPosition{1, 0});
}

TEST_CASE("loader: it can start at any batch of any epoch") {
  const LoaderOptions options{.batch_size = 10, .seed = 5};
  const auto all = take(options, 15);
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(take(options, 1, all[i].position).front() == all[i]);
  }
  CHECK(take(options, 6, all[7].position) == std::vector(all.begin() + 7, all.begin() + 13));
}

TEST_CASE("loader: slow callers, fast callers and busy teams get the same batches") {
  const LoaderOptions options{.batch_size = 10, .seed = 6};
  const auto expected = take(options, 12);
  SECTION("a slow caller") {
    BatchLoader<float> loader(images(), make_samples(45), kNormalization, options);
    for (const Copy& batch : expected) {
      const auto view = loader.next();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      REQUIRE(Copy(view) == batch);  // read after the next one has been prepared
    }
  }
  SECTION("a caller that works with a team meanwhile") {
    const Team team(GENERATE(1, 2, 4));
    BatchLoader<float> loader(images(), make_samples(45), kNormalization, options);
    for (const Copy& batch : expected) {
      const auto view = loader.next();
      std::vector<double> sums(16);
      team.for_each(16, [&](Index i, Index) {
        for (int k = 0; k < 20'000; ++k) sums[static_cast<std::size_t>(i)] += k * 0.5;
      });
      REQUIRE(sums == std::vector<double>(16, 0.5 * 19'999 * 10'000));
      REQUIRE(Copy(view) == batch);
    }
  }
}

TEST_CASE("loader: batches lie in two places that are used in turn: nothing is allocated for a batch") {
  BatchLoader<float> loader(images(), make_samples(45), kNormalization, {.batch_size = 10});
  const float* first = loader.next().images.data;
  const float* second = loader.next().images.data;
  CHECK(first != second);
  for (int i = 0; i < 5; ++i) {
    CHECK(loader.next().images.data == first);
    CHECK(loader.next().images.data == second);
  }
}

TEST_CASE("loader: a batch larger than the data is an error in training, a smaller batch in evaluation") {
  CHECK_THROWS_WITH(take({.batch_size = 46}, 1),
                    ContainsSubstring("batch size 46 is larger than the 45 images of procedural training set"));
  CHECK_THROWS_AS(take({.batch_size = 46, .shuffle = false, .drop_remainder = true}, 1), ArgumentError);
  CHECK(take(LoaderOptions::evaluation(100), 1).front().samples.size() == 45);
}

TEST_CASE("loader: arguments out of range are errors") {
  CHECK_THROWS_WITH(take({.batch_size = 0}, 1), ContainsSubstring("must be positive, got 0"));
  CHECK_THROWS_WITH(take({.batch_size = 10}, 1, {0, 5}), ContainsSubstring("one of the 5 of an epoch, got 5"));
  CHECK_THROWS_AS(take({.batch_size = 10}, 1, {-1, 0}), ArgumentError);
  CHECK_THROWS_WITH(BatchLoader<float>(images(), {0, 60}, kNormalization, {.batch_size = 1}),
                    ContainsSubstring("image 60 is not one of the 60 images of procedural training set"));
  CHECK_THROWS_WITH(BatchLoader<float>(images(), {}, kNormalization, LoaderOptions::evaluation()),
                    ContainsSubstring("no images"));
}

TEST_CASE("loader: says where the next batch lies") {
  BatchLoader<float> loader(images(), make_samples(45), kNormalization, {.batch_size = 20}, {3, 1});
  for (int i = 0; i < 5; ++i) {
    const BatchPosition position = loader.position();
    CHECK(loader.next().position == position);
  }
  CHECK(loader.position() == BatchPosition{5, 0});
}

TEST_CASE("loader: goes to any place, and gives there what it gives on its way") {
  const LoaderOptions options{.batch_size = 20, .seed = 4};
  BatchLoader<float> loader(images(), make_samples(45), kNormalization, options);
  for (const BatchPosition place : {BatchPosition{2, 1}, {0, 2}, {0, 0}, {0, 0}, {1, 2}, {0, 1}}) {
    loader.seek(place);
    CHECK(loader.position() == place);
    BatchLoader<float> begins(images(), make_samples(45), kNormalization, options, place);
    for (int i = 0; i < 3; ++i) {
      const Batch<float> found = loader.next();
      const Batch<float> expected = begins.next();
      CHECK(found.position == expected.position);
      CHECK(std::ranges::equal(found.samples, expected.samples));
      CHECK(std::equal(found.images.data, found.images.data + found.images.size(), expected.images.data));
    }
  }
  CHECK_THROWS_WITH(loader.seek({0, 3}), ContainsSubstring("one of the 3 of an epoch, got 3"));
  CHECK_THROWS_WITH(loader.seek({-1, 0}), ContainsSubstring("must not be negative, got -1"));
}
