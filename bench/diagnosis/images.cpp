#include "images.hpp"

namespace lamina::bench {

namespace {

/// Averages blocks of 2 x 2 pixels, and brings each channel back to deviation 1.
Tensor<float> halved(const Tensor<float>& images) {
  const Shape shape{images.shape().height / 2, images.shape().width / 2, images.shape().channels};
  Tensor<float> result(images.batch(), shape);
  const auto at = [&](Index n, Index y, Index x, Index c) {
    return images[((n * images.shape().height + y) * images.shape().width + x) * shape.channels + c];
  };
  Index i = 0;
  for (Index n = 0; n < images.batch(); ++n) {
    for (Index y = 0; y < shape.height; ++y) {
      for (Index x = 0; x < shape.width; ++x) {
        for (Index c = 0; c < shape.channels; ++c) {
          result[i++] = (at(n, 2 * y, 2 * x, c) + at(n, 2 * y + 1, 2 * x, c) + at(n, 2 * y, 2 * x + 1, c) +
                         at(n, 2 * y + 1, 2 * x + 1, c)) /
                        4;
        }
      }
    }
  }
  return result;
}

}  // namespace

ImageSource::ImageSource(const std::optional<std::string>& folder)
    : set_(folder ? read_cifar100(*folder).train : procedural_cifar100({.train = 10'000, .test = 1}).train),
      normalization_(measure_normalization(set_, all_images(set_))) {}

Images ImageSource::draw(const Shape& shape, std::uint64_t seed) const {
  if (shape.height == set_.shape().height) return pick(2000, set_.classes(), seed);
  Images images = pick(1000, 10, seed);
  images.pixels = halved(images.pixels);
  return images;
}

Images ImageSource::pick(Index count, Index classes, std::uint64_t seed) const {
  std::vector<Index> order = all_images(set_);
  shuffle(order, RandomStream(seed, RandomPurpose::test, 7));
  const ImageNormalizer<float> normalize(set_.shape(), normalization_);
  Images images{.pixels = Tensor<float>(count, set_.shape()), .labels = {}, .normalization = normalization_};
  for (const Index sample : order) {
    if (set_.label(sample) >= classes) continue;
    normalize(set_.image(sample), images.pixels.view().sample(std::ssize(images.labels)));
    images.labels.push_back(set_.label(sample));
    if (std::ssize(images.labels) == count) return images;
  }
  throw ArgumentError("the validation takes " + std::to_string(count) + " images, found " +
                      std::to_string(images.labels.size()));
}

}  // namespace lamina::bench
