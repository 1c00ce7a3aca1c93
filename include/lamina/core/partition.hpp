#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/range.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// One of `count` about equal shares of some work.
struct Share {
  Index number = 0;
  Index count = 1;

  [[nodiscard]] constexpr Range of(Index total) const { return {number * total / count, (number + 1) * total / count}; }
};

/// Splits `total` items into parts whose number and borders depend on `total` alone, never on the number of threads:
/// a reduction that sums each part and then the parts in order has the same bits on any team.
struct Partition {
  /// Enough parts for 32 threads, few enough that a weight gradient for each fits into the cache.
  static constexpr Index kMostParts = 32;

  Index total = 0;
  Index most_parts = kMostParts;  ///< fewer where a part must be large to be worth a sum of its own

  [[nodiscard]] constexpr Index parts() const { return std::min(total, most_parts); }
  [[nodiscard]] constexpr Range operator[](Index part) const { return Share{part, parts()}.of(total); }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
