#pragma once

#include <lamina/core/buffer.hpp>
#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The smallest multiple of `multiple` that is not below a value.
[[nodiscard]] constexpr Index round_up(Index value, Index multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// A number of values rounded up to whole cache lines: what lies behind them in memory is aligned.
template <class T>
[[nodiscard]] constexpr Index whole_lines(Index size) {
  return round_up(size, static_cast<Index>(kAlignment / sizeof(T)));
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
