#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/segment.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A run of a tensor's values that one thread reads.
struct TensorPiece {
  /// Values of a piece at most: every tensor of the study's networks is one.
  static constexpr Index kMost = 1 << 15;

  std::size_t tensor = 0;
  Index offset = 0;  ///< in the flat array
  Index size = 0;
};

/// Cuts tensors into pieces, in order: sums over a piece, and then over the pieces of a tensor, have the same bits on
/// any team.
[[nodiscard]] inline std::vector<TensorPiece> pieces_of(std::span<const Segment> tensors) {
  std::vector<TensorPiece> pieces;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Index size = tensors[i].size();
    for (Index first = 0; first < size; first += TensorPiece::kMost) {
      pieces.push_back(
          {.tensor = i, .offset = tensors[i].offset + first, .size = std::min(TensorPiece::kMost, size - first)});
    }
  }
  return pieces;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
