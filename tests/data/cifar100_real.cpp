#include <algorithm>
#include <cstdlib>
#include <vector>

#include <lamina/data/cifar.hpp>
#include <lamina/data/loader.hpp>
#include <lamina/data/normalization.hpp>
#include <lamina/data/split.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

std::vector<Index> count_classes(const Dataset& images) {
  std::vector<Index> counts(static_cast<std::size_t>(images.classes()));
  for (const Label label : images.labels()) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

std::vector<Index> count_classes(const Dataset& images, const std::vector<Index>& samples) {
  std::vector<Index> counts(static_cast<std::size_t>(images.classes()));
  for (const Index sample : samples) ++counts[static_cast<std::size_t>(images.label(sample))];
  return counts;
}

}  // namespace

TEST_CASE("CIFAR-100 itself: sizes, classes, split and statistics", "[real]") {
  const char* folder = std::getenv("LAMINA_CIFAR100");
  if (folder == nullptr) {
    WARN("skipped: LAMINA_CIFAR100 does not name a folder with train.bin and test.bin");
    return;
  }
  const TrainTestSets sets = read_cifar100(folder);
  CHECK(sets.train.size() == 50'000);
  CHECK(sets.test.size() == 10'000);
  CHECK(count_classes(sets.train) == std::vector<Index>(100, 500));
  CHECK(count_classes(sets.test) == std::vector<Index>(100, 100));

  const TrainTestSets coarse = read_cifar100(folder, Cifar100Labels::coarse);
  CHECK(count_classes(coarse.train) == std::vector<Index>(20, 2500));
  CHECK(count_classes(coarse.test) == std::vector<Index>(20, 500));

  const Split split = stratified_split(sets.train, 0.05, 0);
  CHECK(count_classes(sets.train, split.training) == std::vector<Index>(100, 475));
  CHECK(count_classes(sets.train, split.validation) == std::vector<Index>(100, 25));

  // The figures everybody publishes for all of train.bin, to three digits; 5 % of the images left out moves them less.
  const Normalization normalization = measure_normalization(sets.train, split.training);
  const std::vector mean{0.507, 0.487, 0.441}, deviation{0.267, 0.256, 0.276};
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(normalization.mean[c] == Approx(mean[c]).margin(1e-3));
    CHECK(normalization.deviation[c] == Approx(deviation[c]).margin(1e-3));
  }

  BatchLoader<float> loader(sets.train, split.training, normalization, {});
  CHECK(loader.batches() == 475);
}
