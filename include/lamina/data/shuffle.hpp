#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/random.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Puts the indices into a random order (Fisher and Yates), the same on every platform. At most 2^32 - 1 indices.
constexpr void shuffle(std::span<Index> indices, RandomStream random) {
  for (std::size_t left = indices.size(); left > 1; --left) {
    std::swap(indices[left - 1], indices[random.below(static_cast<std::uint32_t>(left))]);
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
