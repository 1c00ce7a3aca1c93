#include <algorithm>
#include <cmath>
#include <vector>

#include <lamina/data/cutout.hpp>
#include <lamina/data/loader.hpp>
#include <lamina/data/mixup.hpp>
#include <lamina/data/procedural.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

const Normalization kNormalization{{0.5, 0.4, 0.3}, {0.25, 0.2, 0.3}};

const Dataset& images() {
  static const Dataset set = procedural_cifar100({.train = 60, .test = 1, .seed = 0}).train;
  return set;
}

std::vector<Index> all() {
  std::vector<Index> samples(60);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<Index>(i);
  return samples;
}

/// Batch `number` of the images.
struct Loaded {
  explicit Loaded(const LoaderOptions& options, Index number = 1)
      : loader(images(), all(), kNormalization, options, {number / 6, number % 6}), batch(loader.next()) {}

  BatchLoader<double> loader;
  Batch<double> batch;
};

LoaderOptions options_with(double mixup, Index cutout = 0) {
  return {.batch_size = 10, .seed = 4, .mixup = mixup, .cutout = cutout};
}

}  // namespace

TEST_CASE("mixup: images and targets are mixed by one share with a partner of the batch") {
  for (const Index number : {0, 1, 7, 8}) {
    const Loaded plain(options_with(0), number);
    const Loaded mixed(options_with(0.7), number);
    std::vector<Index> partners(10);
    const double share = draw_mixup(0.7, 4, number / 6, number % 6, partners);
    for (Index i = 0; i < 10; ++i) {
      const Index partner = partners[static_cast<std::size_t>(i)];
      for (Index j = 0; j < 3072; j += 101) {
        CHECK(mixed.batch.images.sample(i)[j] ==
              Approx(share * plain.batch.images.sample(i)[j] + (1 - share) * plain.batch.images.sample(partner)[j])
                  .margin(1e-14));
      }
      const auto own = plain.batch.labels[static_cast<std::size_t>(i)];
      const auto other = plain.batch.labels[static_cast<std::size_t>(partner)];
      for (Label c = 0; c < 100; ++c) {
        const double expected = (c == own ? share : 0) + (c == other ? 1 - share : 0);
        CHECK(mixed.batch.rows.sample(i)[c] == Approx(expected).margin(1e-15));
      }
      CHECK(mixed.batch.labels[static_cast<std::size_t>(i)] == (share >= 0.5 ? own : other));
    }
  }
}

TEST_CASE("mixup: the share is a function of seed and position, and distributed as Beta(alpha, alpha)") {
  std::vector<Index> partners(4);
  CHECK(draw_mixup(0.2, 1, 2, 3, partners) == draw_mixup(0.2, 1, 2, 3, partners));
  CHECK(draw_mixup(0.2, 1, 2, 3, partners) != draw_mixup(0.2, 1, 2, 4, partners));
  CHECK(draw_mixup(0.2, 1, 2, 3, partners) != draw_mixup(0.2, 1, 3, 3, partners));
  CHECK(draw_mixup(0.2, 1, 2, 3, partners) != draw_mixup(0.2, 2, 2, 3, partners));
  for (const double alpha : {0.2, 1.0, 3.0}) {
    CAPTURE(alpha);
    constexpr Index draws = 20000;
    double sum = 0, squares = 0;
    for (Index i = 0; i < draws; ++i) {
      const double share = draw_mixup(alpha, 5, 0, i, partners);
      REQUIRE((share >= 0 && share <= 1));
      sum += share;
      squares += (share - 0.5) * (share - 0.5);
    }
    // Five deviations of the mean of 20,000 numbers in 0 ... 1, whose own deviation is 1/2 at most.
    const double margin = 5 * 0.5 / std::sqrt(static_cast<double>(draws));
    CHECK(sum / draws == Approx(0.5).epsilon(0).margin(margin));
    CHECK(squares / draws == Approx(1 / (4 * (2 * alpha + 1))).epsilon(0).margin(margin / 2));
  }
}

TEST_CASE("mixup: rows of a set are mixed, too, and a set of one class has no labels behind it") {
  Dataset set("rows", {8, 8, 1}, 1);
  for (Index n = 0; n < 4; ++n) set.append(std::vector<std::uint8_t>(64, static_cast<std::uint8_t>(60 * n)), 0);
  set.set_rows({0, 1, 10, 2, 20, 3, 30, 4}, 2);
  BatchLoader<double> loader(set, {0, 1, 2, 3}, {{0}, {1}},
                             {.batch_size = 4, .seed = 1, .shuffle = false, .augment = false, .mixup = 1});
  const Batch<double> batch = loader.next();
  CHECK(batch.labels.empty());
  for (Index i = 0; i < 4; ++i) {
    // Pixels are 60 n / 255 and rows 10 n and n + 1, which mixing keeps in proportion.
    const double n = batch.images.sample(i)[5] * 255 / 60;
    CHECK(batch.rows.sample(i)[0] == Approx(10 * n).margin(1e-12));
    CHECK(batch.rows.sample(i)[1] == Approx(n + 1).margin(1e-12));
  }
}

TEST_CASE("cutout: a square of each image, clipped at its borders, has the mean colour") {
  const Loaded plain(options_with(0));
  const Loaded cut(options_with(0, 8));
  bool clipped = false;
  for (Index i = 0; i < 10; ++i) {
    const Cutout hole =
        draw_cutout({32, 32, 3}, 8, 4, cut.batch.position.epoch, cut.batch.samples[static_cast<std::size_t>(i)]);
    CHECK((hole.rows.size() >= 4 && hole.rows.size() <= 8 && hole.columns.size() >= 4 && hole.columns.size() <= 8));
    clipped = clipped || hole.rows.size() < 8 || hole.columns.size() < 8;
    for (Index pixel = 0; pixel < 1024; ++pixel) {
      const Index y = pixel / 32, x = pixel % 32;
      const bool inside = y >= hole.rows.begin && y < hole.rows.end && x >= hole.columns.begin && x < hole.columns.end;
      for (Index c = 0; c < 3; ++c) {
        const Index at = pixel * 3 + c;
        REQUIRE(cut.batch.images.sample(i)[at] == (inside ? 0 : plain.batch.images.sample(i)[at]));
      }
    }
  }
  CHECK(clipped);
  CHECK(draw_cutout({32, 32, 3}, 8, 4, 0, 7).rows.begin != draw_cutout({32, 32, 3}, 8, 4, 1, 7).rows.begin);
}

TEST_CASE("cutout and mixup: batches are the same wherever the loader starts, and stand in its description") {
  BatchLoader<double> loader(images(), all(), kNormalization, options_with(0.3, 6));
  for (int i = 0; i < 7; ++i) static_cast<void>(loader.next());
  const Loaded direct(options_with(0.3, 6), 7);
  const Batch<double> walked = loader.next();
  CHECK(walked.position == direct.batch.position);
  CHECK(std::equal(walked.images.data, walked.images.data + walked.images.size(), direct.batch.images.data));
  CHECK(std::equal(walked.rows.data, walked.rows.data + walked.rows.size(), direct.batch.rows.data));
  CHECK_THAT(loader.description(), ContainsSubstring("mixup 0.3, cutout 6"));
}

TEST_CASE("loader: refuses options of mixup, cutout and augmentation that it cannot use") {
  CHECK_THROWS_WITH(Loaded(options_with(-0.1)), "the alpha of mixup must be finite and not negative, got -0.1");
  CHECK_THROWS_WITH(Loaded(options_with(1e-310)), "the alpha of mixup must be 0 or at least 1e-6, got 1e-310");
  CHECK_NOTHROW(Loaded(options_with(1e-6)));
  CHECK_THROWS_WITH(Loaded(options_with(0, -1)), "the side of a cutout must not be negative, got -1");
  Dataset table("table", {1, 1, 4}, 2);
  table.append(std::vector<std::uint8_t>(4), 0);
  CHECK_THROWS_WITH((BatchLoader<float>(table, {0}, {{0, 0, 0, 0}, {1, 1, 1, 1}}, {.batch_size = 1})),
                    "augmentation moves images by up to 4 pixels, and those of table are 1x1x4: load them without "
                    "(augment = false)");
}
