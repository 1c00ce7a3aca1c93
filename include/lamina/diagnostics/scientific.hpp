#pragma once

#include <array>
#include <charconv>
#include <string>

#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// "3.4e-14": a number with so many digits after the point, the same in every locale.
[[nodiscard]] inline std::string scientific(double value, int digits = 1) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific, digits);
  return {text.data(), end.ptr};
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
