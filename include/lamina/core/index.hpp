#pragma once

#include <cstddef>

#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Signed size and position, as in Eigen: differences and loops that count down are safe.
using Index = std::ptrdiff_t;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
