#pragma once

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Half-open range of indices.
struct Range {
  Index begin = 0;
  Index end = 0;
  [[nodiscard]] constexpr Index size() const { return end - begin; }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
