#pragma once

#include <string_view>

namespace lamina {

/// Of the library; CMake reads it from here.
inline constexpr std::string_view kVersion = "0.3.0";

}  // namespace lamina
