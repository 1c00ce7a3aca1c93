#pragma once

#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <lamina/core/random.hpp>
#include <lamina/core/team.hpp>
#include <lamina/data/dataset.hpp>
#include <lamina/data/loader.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/sequential.hpp>

/// A network with running statistics and dropout that trains in milliseconds.
using TinyNetwork =
    lamina::Sequential<lamina::Image<8, 8, 3>, lamina::Conv2d<8, 3>, lamina::BatchNorm, lamina::LeakyReLU,
                       lamina::AvgPool<2>, lamina::Conv2d<8, 3>, lamina::LeakyReLU, lamina::GlobalAvgPool,
                       lamina::BasicDropout<lamina::DropProbability{.value = 0.1}>, lamina::Linear<4>>;

/// Noise; images of class c are brighter by 40 c.
[[nodiscard]] inline lamina::Dataset brightness_dataset(lamina::Index images, std::uint64_t seed = 0) {
  lamina::Dataset dataset("brightness", lamina::Shape{8, 8, 3}, 4);
  std::vector<std::uint8_t> pixels(8 * 8 * 3);
  for (lamina::Index n = 0; n < images; ++n) {
    lamina::RandomStream random(seed, lamina::RandomPurpose::test, static_cast<std::uint32_t>(n));
    const auto label = static_cast<lamina::Label>(n % 4);
    for (auto& pixel : pixels)
      pixel = static_cast<std::uint8_t>(40 * static_cast<std::uint32_t>(label) + random.below(100));
    dataset.append(pixels, label);
  }
  return dataset;
}

/// Positions 0 ... images - 1.
[[nodiscard]] inline std::vector<lamina::Index> all_of(const lamina::Dataset& images) {
  std::vector<lamina::Index> positions(static_cast<std::size_t>(images.size()));
  std::iota(positions.begin(), positions.end(), lamina::Index{0});
  return positions;
}

inline const lamina::Normalization kBrightnessNormalization{{0.4, 0.4, 0.4}, {0.2, 0.2, 0.2}};

/// A loss of labels that is 1 whatever they are, and says nothing of itself.
struct FlatLoss {
  double operator()(lamina::TensorView<const float>, std::span<const lamina::Label>, lamina::TensorView<float> gradient,
                    const lamina::Team&) const {
    for (lamina::Index i = 0; i < gradient.size(); ++i) gradient.data[i] = 1e-3F;
    return 1;
  }
  double operator()(lamina::TensorView<const float>, std::span<const lamina::Label>, const lamina::Team&) const {
    return 1;
  }
};
