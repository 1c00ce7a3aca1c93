#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/hash.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/data/augmentation.hpp>
#include <lamina/data/cutout.hpp>
#include <lamina/data/dataset.hpp>
#include <lamina/data/mixup.hpp>
#include <lamina/data/prefetcher.hpp>
#include <lamina/data/shuffle.hpp>
#include <lamina/losses/loss.hpp>
#include <lamina/losses/targets.hpp>
#include <lamina/optimizers/argument_checks.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// How a BatchLoader orders, changes and groups images.
struct LoaderOptions {
  Index batch_size = 100;
  std::uint64_t seed = 0;
  bool shuffle = true;          ///< a new order in each epoch; otherwise the order of the samples given
  bool augment = true;          ///< random crop and flip; otherwise the plain images
  bool drop_remainder = false;  ///< leave out the last batch of an epoch when it is smaller than the others
  double mixup = 0;             ///< alpha of mixup (mixup.hpp), behind which batches have rows; 0 for none
  Index cutout = 0;             ///< side of the square that is cut out of each image (cutout.hpp); 0 for none

  /// Every image once, in order, unchanged.
  [[nodiscard]] static constexpr LoaderOptions evaluation(Index batch_size = 100) {
    return {.batch_size = batch_size, .shuffle = false, .augment = false};
  }
};

/// A place in the sequence of batches: batch `batch` of epoch `epoch`, both from 0.
struct BatchPosition {
  Index epoch = 0;
  Index batch = 0;

  friend constexpr bool operator==(const BatchPosition&, const BatchPosition&) = default;
};

/// What a network trains or is measured on in one step: views into the loader.
template <class T>
struct Batch {
  TensorView<const T> images;     ///< normalised, NHWC
  std::span<const Label> labels;  ///< one an image, with mixup of the image with the larger share; empty where the
                                  ///< Dataset has none
  TensorView<const T> rows;       ///< 1 x 1 x values an image; empty where the Dataset has none, but with mixup, behind
                                  ///< which the rows are shares of classes
  std::span<const Index> samples;  ///< positions of the images in their Dataset
  BatchPosition position;

  /// What a loss reads of it.
  [[nodiscard]] Targets<T> targets() const { return {.labels = labels, .rows = rows, .teacher = {}}; }
};

/// An endless sequence of batches, epoch after epoch, prepared one ahead in a background thread. The batches are a
/// function of the data, the options and the position: neither threads nor the speed of the caller change them.
/// @tparam T  float or double
template <class T>
class BatchLoader {
 public:
  /// @param images   must outlive the loader
  /// @param samples  positions of the images to use
  /// @param start    the first batch to give, for training that resumes
  /// @throws ArgumentError for no samples, positions out of range, a batch size below 1, a start behind the last batch,
  ///         a batch larger than the data (allowed in plain order with the remainder kept: one smaller batch), options
  ///         outside their ranges, and images to be cropped that are no larger than the padding
  BatchLoader(const Dataset& images, std::vector<Index> samples, const Normalization& normalization,
              const LoaderOptions& options, BatchPosition start = {})
      : images_(images),
        samples_(checked(std::move(samples), images, options)),
        options_(options),
        normalization_(hash_of(normalization)),
        normalize_(images.shape(), normalization),
        next_(checked(start, batches())),
        position_(start),
        order_(samples_),
        prefetcher_(Slot(images, std::min(options.batch_size, size()), mixing()), [this](Slot& slot) { fill(slot); }) {}
  BatchLoader(Dataset&&, std::vector<Index>, const Normalization&, const LoaderOptions&, BatchPosition = {}) = delete;

  /// Images in an epoch.
  [[nodiscard]] Index size() const { return std::ssize(samples_); }
  /// Batches in an epoch.
  [[nodiscard]] Index batches() const {
    return options_.drop_remainder ? size() / options_.batch_size
                                   : (size() + options_.batch_size - 1) / options_.batch_size;
  }

  /// Images in the smallest batch of an epoch, which is its last.
  [[nodiscard]] Index smallest_batch() const {
    const Index rest = options_.drop_remainder ? 0 : size() % options_.batch_size;
    return rest > 0 ? rest : options_.batch_size;
  }

  /// What the batches hold their images against.
  [[nodiscard]] TargetKinds targets() const {
    return {.labels = images_.has_labels(), .rows = images_.row_size() > 0 || mixing()};
  }

  /// Whether images and targets are mixed (mixup).
  [[nodiscard]] bool mixing() const { return options_.mixup > 0; }

  /// Where the next batch lies.
  [[nodiscard]] BatchPosition position() const { return position_; }

  /// Which images it takes, by a hash of their positions, and how it makes batches of them; with the data, what the
  /// batches are a function of.
  [[nodiscard]] std::string description() const {
    Hash positions;
    for (const Index sample : samples_) positions.add(static_cast<std::uint64_t>(sample));
    return describe("BatchLoader", {{"images", size()},
                                    {"shape", to_string(images_.shape())},
                                    {"positions", hexadecimal(positions.value())},
                                    {"normalization", hexadecimal(normalization_)},
                                    {"batch_size", options_.batch_size},
                                    {"seed", options_.seed},
                                    {"shuffle", options_.shuffle},
                                    {"augment", options_.augment},
                                    {"drop_remainder", options_.drop_remainder},
                                    {"mixup", options_.mixup},
                                    {"cutout", options_.cutout}});
  }

  /// Goes to a place in the sequence, whose batch next() gives then. The batch that it gave last is no longer valid.
  /// @throws ArgumentError for a place that is none
  void seek(BatchPosition position) {
    if (checked(position, batches()) == position_) return;
    prefetcher_.restart([&] { next_ = position; });
    position_ = position;
  }

  /// The next batch, valid until the next call. After the last batch of an epoch comes the first of the next.
  [[nodiscard]] Batch<T> next() {
    const Slot& slot = prefetcher_.next();
    position_ = following(slot.position);
    const auto count = static_cast<std::size_t>(slot.count);
    return {.images = slot.given.images.view().samples(0, slot.count),
            .labels = std::span(slot.given.labels).first(targets().labels ? count : 0),
            .rows = targets().rows ? slot.given.rows.view().samples(0, slot.count) : TensorView<const T>{},
            .samples = std::span(slot.samples).first(count),
            .position = slot.position};
  }

 private:
  /// Room for images and their targets.
  struct Room {
    Room(Index batch, Shape shape, Index row_size)
        : images(batch, shape), rows(batch, {1, 1, row_size}), labels(static_cast<std::size_t>(batch)) {}

    Tensor<T> images;
    Tensor<T> rows;
    std::vector<Label> labels;
  };

  /// Room for one batch.
  struct Slot {
    Slot(const Dataset& set, Index batch, bool mixing)
        : given(batch, set.shape(), mixing ? mixed_row_size(set) : set.row_size()),
          unmixed(mixing ? batch : 0, set.shape(), set.row_size()),
          samples(static_cast<std::size_t>(batch)),
          partners(samples.size()) {}

    Room given;
    Room unmixed;  // empty without mixup
    std::vector<Index> samples;
    std::vector<Index> partners;
    Index count = 0;
    BatchPosition position;
  };

  /// Rows there are, or shares of classes.
  [[nodiscard]] static Index mixed_row_size(const Dataset& set) {
    return set.row_size() > 0 ? set.row_size() : set.classes();
  }

  static std::vector<Index> checked(std::vector<Index> samples, const Dataset& images, const LoaderOptions& options) {
    const Index batch = options.batch_size;
    const Index size = std::ssize(samples);
    require(batch >= 1, "the batch size must be positive, got " + std::to_string(batch));
    require(size >= 1, "no images of " + images.name() + " to load");
    require(batch <= size || !(options.shuffle || options.drop_remainder),
            "batch size " + std::to_string(batch) + " is larger than the " + std::to_string(size) + " images of " +
                images.name());
    require_images(images, samples);
    require_not_negative("the alpha of mixup", options.mixup);
    require_value(options.mixup == 0 || options.mixup >= kMinMixupAlpha, "the alpha of mixup", "0 or at least 1e-6",
                  options.mixup);
    require(options.cutout >= 0, "the side of a cutout must not be negative, got " + std::to_string(options.cutout));
    const Shape shape = images.shape();
    require(!options.augment || std::min(shape.height, shape.width) > kAugmentationPadding,
            "augmentation moves images by up to " + std::to_string(kAugmentationPadding) + " pixels, and those of " +
                images.name() + " are " + to_string(shape) + ": load them without (augment = false)");
    return samples;
  }

  static BatchPosition checked(BatchPosition start, Index batches) {
    require(start.epoch >= 0, "an epoch of batches must not be negative, got " + std::to_string(start.epoch));
    require(start.batch >= 0 && start.batch < batches, "a batch must be one of the " + std::to_string(batches) +
                                                           " of an epoch, got " + std::to_string(start.batch));
    return start;
  }

  /// Prepares the batch at next_ and moves on; background thread only.
  void fill(Slot& slot) {
    if (options_.shuffle && ordered_epoch_ != next_.epoch) order_epoch(next_.epoch);
    const Index first = next_.batch * options_.batch_size;
    slot.position = next_;
    slot.count = std::min(options_.batch_size, size() - first);
    Room& room = mixing() ? slot.unmixed : slot.given;
    for (Index i = 0; i < slot.count; ++i) {
      const auto place = static_cast<std::size_t>(i);
      const Index sample = order_[static_cast<std::size_t>(first + i)];
      const Augmentation augmentation =
          options_.augment ? draw_augmentation(options_.seed, next_.epoch, sample) : Augmentation{};
      images_.visit_image(sample,
                          [&](const auto pixels) { normalize_(pixels, augmentation, room.images.view().sample(i)); });
      if (options_.cutout > 0) {
        const Shape shape = images_.shape();
        cut_out(draw_cutout(shape, options_.cutout, options_.seed, next_.epoch, sample), shape,
                room.images.view().sample(i));
      }
      room.labels[place] = images_.label(sample);
      std::ranges::transform(images_.row(sample), room.rows.view().sample(i),
                             [](float value) { return static_cast<T>(value); });
      slot.samples[place] = sample;
    }
    if (mixing()) mix(slot);
    next_ = following(next_);
  }

  /// Mixes the images of a batch, and their rows or classes.
  void mix(Slot& slot) const {
    const auto partners = std::span(slot.partners).first(static_cast<std::size_t>(slot.count));
    const double share = draw_mixup(options_.mixup, options_.seed, slot.position.epoch, slot.position.batch, partners);
    const auto blend = [&](const Tensor<T>& from, Tensor<T>& to, Index i, Index partner) {
      const T own = static_cast<T>(share);
      const T other = static_cast<T>(1 - share);
      std::transform(from.view().sample(i), from.view().sample(i) + from.shape().size(), from.view().sample(partner),
                     to.view().sample(i), [&](T first, T second) { return own * first + other * second; });
    };
    for (Index i = 0; i < slot.count; ++i) {
      const Index partner = partners[static_cast<std::size_t>(i)];
      const Label label = slot.unmixed.labels[static_cast<std::size_t>(i)];
      const Label other = slot.unmixed.labels[static_cast<std::size_t>(partner)];
      blend(slot.unmixed.images, slot.given.images, i, partner);
      slot.given.labels[static_cast<std::size_t>(i)] = share >= 0.5 ? label : other;
      if (images_.row_size() > 0) {
        blend(slot.unmixed.rows, slot.given.rows, i, partner);
      } else {
        T* const row = slot.given.rows.view().sample(i);
        std::fill_n(row, images_.classes(), T{0});
        row[label] += static_cast<T>(share);
        row[other] += static_cast<T>(1 - share);
      }
    }
  }

  [[nodiscard]] BatchPosition following(BatchPosition position) const {
    return position.batch + 1 < batches() ? BatchPosition{position.epoch, position.batch + 1}
                                          : BatchPosition{position.epoch + 1};
  }

  /// Each epoch shuffles the given order anew, so that no epoch depends on those before it.
  void order_epoch(Index epoch) {
    std::ranges::copy(samples_, order_.begin());
    shuffle(order_, RandomStream(options_.seed, RandomPurpose::shuffle, static_cast<std::uint32_t>(epoch)));
    ordered_epoch_ = epoch;
  }

  const Dataset& images_;
  std::vector<Index> samples_;
  LoaderOptions options_;
  std::uint64_t normalization_;  ///< hash
  ImageNormalizer<T> normalize_;
  BatchPosition next_;  // this belongs to the background thread, as do order_ and ordered_epoch_
  BatchPosition position_;
  std::vector<Index> order_;
  Index ordered_epoch_ = -1;
  Prefetcher<Slot> prefetcher_;  // last: its thread uses all of the above
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
