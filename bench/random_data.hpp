#pragma once

#include <cstdint>

#include <lamina/core/random.hpp>
#include <lamina/core/tensor.hpp>

namespace lamina::bench {

/// Uniform in -1 ... 1, others for each stream.
[[nodiscard]] inline Buffer<float> random_values(Index size, std::uint32_t stream) {
  RandomStream random(0, RandomPurpose::test, stream);
  Buffer<float> values(size);
  for (float& value : values) value = static_cast<float>(random.uniform(-1, 1));
  return values;
}

[[nodiscard]] inline Tensor<float> random_tensor(Index batch, const Shape& shape, std::uint32_t stream) {
  RandomStream random(0, RandomPurpose::test, stream);
  Tensor<float> tensor(batch, shape);
  for (Index i = 0; i < tensor.size(); ++i) tensor[i] = static_cast<float>(random.uniform(-1, 1));
  return tensor;
}

}  // namespace lamina::bench
