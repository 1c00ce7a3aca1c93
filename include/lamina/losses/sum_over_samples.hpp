#pragma once

#include <array>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The sum of a function over the samples of a batch, in fixed parts: the same bits on any team.
/// @param value  of sample n, in double
template <class Value>
[[nodiscard]] double sum_over_samples(Index batch, const Team& team, const Value& value) {
  const Partition partition{batch};
  std::array<double, Partition::kMostParts> parts{};
  team.for_each(partition.parts(), [&](Index part, Index) {
    double sum = 0;
    for (Index n = partition[part].begin; n < partition[part].end; ++n) sum += value(n);
    parts[static_cast<std::size_t>(part)] = sum;
  });
  double total = 0;
  for (const double part : parts) total += part;
  return total;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
