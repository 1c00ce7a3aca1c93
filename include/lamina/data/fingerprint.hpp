#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <lamina/core/hash.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/data/dataset.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Adds all pixels, in words of 64 bits, and all targets to a hash, which so tells data sets apart.
inline void add_images(Hash& hash, const Dataset& images) {
  for (Index i = 0; i < images.size(); ++i) {
    images.visit_image(i, [&](const auto pixels) {
      const auto bytes = std::as_bytes(pixels);
      for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
        hash.add(word);
      }
    });
    hash.add(static_cast<std::uint64_t>(images.label(i)));
    for (const float value : images.row(i)) hash.add(std::bit_cast<std::uint32_t>(value));
  }
}

/// A number that tells pairs of data sets apart.
[[nodiscard]] inline std::uint64_t fingerprint(const TrainTestSets& sets) {
  Hash hash;
  add_images(hash, sets.train);
  add_images(hash, sets.test);
  return hash.value();
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
