#pragma once

/// Memory requests of the whole program (malloc, operator new, Eigen) since it began; -1 where they cannot be counted.
[[nodiscard]] long allocation_count();
