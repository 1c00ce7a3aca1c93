#pragma once

#include <string>
#include <string_view>

#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>

/// @file
/// Checks of the numbers a user chooses. They allocate only to throw, so a training step may call them.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// @throws ArgumentError  "`name` must be `expected`, got `value`" unless the condition holds
template <class Value>
void require_value(bool condition, std::string_view name, std::string_view expected, Value value) {
  if (!condition) throw ArgumentError(message(name, " must be ", expected, ", got ", value));
}

/// @throws ArgumentError  negative, infinite or NaN
inline void require_not_negative(std::string_view name, double value) {
  require_value(value >= 0 && is_finite(value), name, "finite and not negative", value);
}

/// @throws ArgumentError  outside [0, 1)
inline void require_below_one(std::string_view name, double value) {
  require_value(value >= 0 && value < 1 && is_finite(value), name, "in [0, 1)", value);
}

/// @throws ArgumentError  not positive
inline void require_positive(std::string_view name, Index value) { require_value(value > 0, name, "positive", value); }

/// @throws ArgumentError  not the expected size
inline void require_size(std::string_view name, Index expected, Index found) {
  if (found == expected) return;
  require_value(false, name, std::to_string(expected), found);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
