#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Of the library; CMake reads it from here.
inline constexpr std::string_view kVersion = "0.3.0";

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
