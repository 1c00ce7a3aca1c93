#pragma once

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Pixels that lie `stride` values apart.
template <class T>
struct PixelRows {
  T* data = nullptr;
  Index stride = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
