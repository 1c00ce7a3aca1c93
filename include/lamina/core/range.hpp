#pragma once

#include <lamina/core/index.hpp>

namespace lamina {

/// Half-open range of indices.
struct Range {
  Index begin = 0;
  Index end = 0;
  [[nodiscard]] constexpr Index size() const { return end - begin; }
};

}  // namespace lamina
