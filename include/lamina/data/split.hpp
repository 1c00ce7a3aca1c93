#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/random.hpp>
#include <lamina/data/dataset.hpp>
#include <lamina/data/shuffle.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Positions of images in a Dataset, ascending; no image is in both.
struct Split {
  std::vector<Index> training;
  std::vector<Index> validation;
};

/// How many images of one class go where.
struct ClassQuota {
  Index training = 0;
  Index validation = 0;
};

/// Splits each class by itself. An order of the class is drawn from the seed; validation takes from its beginning and
/// training from its end, so that with one seed a smaller split is contained in a larger one, and the validation
/// images of any split of up to 5 % are never trained on in the 95 % split.
/// @param quota_of  quota_of(class, images of that class) -> ClassQuota
/// @throws ArgumentError when a class has fewer images than its quota
template <class QuotaOf>
[[nodiscard]] Split split_by_class(const Dataset& images, std::uint64_t seed, const QuotaOf& quota_of) {
  std::vector<std::vector<Index>> members(static_cast<std::size_t>(images.classes()));
  for (Index n = 0; n < images.size(); ++n) members[static_cast<std::size_t>(images.label(n))].push_back(n);

  Split split;
  for (Index c = 0; c < images.classes(); ++c) {
    auto& order = members[static_cast<std::size_t>(c)];
    const ClassQuota quota = quota_of(c, std::ssize(order));
    if (quota.training + quota.validation > std::ssize(order)) {
      throw ArgumentError(images.name() + ": class " + std::to_string(c) + " has " + std::to_string(order.size()) +
                          " images, not " + std::to_string(quota.training) + " for training and " +
                          std::to_string(quota.validation) + " for validation");
    }
    shuffle(order, RandomStream(seed, RandomPurpose::split, static_cast<std::uint32_t>(c)));
    split.validation.insert(split.validation.end(), order.begin(), order.begin() + quota.validation);
    split.training.insert(split.training.end(), order.end() - quota.training, order.end());
  }
  std::ranges::sort(split.training);
  std::ranges::sort(split.validation);
  return split;
}

/// All images: a fraction of each class, rounded to the nearest count, for validation and the rest for training. 0.05
/// of the 50,000 images of CIFAR-100 are 25 of each class, which leaves 475 of each.
/// @throws ArgumentError for a fraction outside 0 ... 1
[[nodiscard]] inline Split stratified_split(const Dataset& images, double validation_fraction, std::uint64_t seed) {
  require(is_finite(validation_fraction) && validation_fraction >= 0 && validation_fraction <= 1,
          "the validation fraction must be from 0 to 1, got " + std::to_string(validation_fraction));
  return split_by_class(images, seed, [&](Index, Index size) {
    const Index validation = std::lround(validation_fraction * static_cast<double>(size));
    return ClassQuota{size - validation, validation};
  });
}

/// `total` items over `classes` as evenly as possible: the first total % classes classes get one more.
[[nodiscard]] constexpr Index even_share(Index total, Index classes, Index c) {
  return total / classes + (c < total % classes ? 1 : 0);
}

/// A smaller set for a quick look: `training` images and a tenth as many (at least 1) for validation, both spread over
/// the classes by even_share.
/// @throws ArgumentError for training < 1 and when a class has too few images
[[nodiscard]] inline Split limited_split(const Dataset& images, Index training, std::uint64_t seed) {
  require(training >= 1, "the number of training images must be positive, got " + std::to_string(training));
  const Index validation = std::max<Index>(1, training / 10);
  return split_by_class(images, seed, [&](Index c, Index) {
    return ClassQuota{even_share(training, images.classes(), c), even_share(validation, images.classes(), c)};
  });
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
