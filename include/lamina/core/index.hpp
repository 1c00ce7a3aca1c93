#pragma once

#include <cstddef>

namespace lamina {

/// Signed size and position, as in Eigen: differences and loops that count down are safe.
using Index = std::ptrdiff_t;

}  // namespace lamina
