#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/engine/freeze.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// How many images a thread should take through a whole frozen network at a time: as many as leave the activations in
/// its second-level cache, so that a product has many rows, and so that all threads have the same number of turns.
/// @return 0 where the weights are larger than the caches: they should be read once a batch, not once a chunk
template <class T>
[[nodiscard]] Index chunk_of(const Program<T>& program, Index batch, Index threads) {
  constexpr Index cached_weights = 16 << 20;  // bytes that a third-level cache holds beside all else
  constexpr Index cached_values = 512 << 10;  // bytes of activations in half of a second-level cache
  constexpr auto bytes = static_cast<Index>(sizeof(T));
  if (frozen_size(program) * bytes > cached_weights) return 0;
  Index largest = program.input.size();
  for (const Index size : program.value_slots) largest = std::max(largest, size);
  const Index most = std::max<Index>(1, cached_values / (2 * largest * bytes));
  const Index turns = ((batch + threads - 1) / threads + most - 1) / most;
  return (batch + turns * threads - 1) / (turns * threads);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
