#pragma once

/// @file Catch2 of either generation under the same names.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;                       // NOLINT(google-global-names-in-headers): Catch2 2 has it globally
using Catch::Matchers::ContainsSubstring;  // NOLINT(google-global-names-in-headers)
#else
#include <catch2/catch.hpp>
[[nodiscard]] inline auto ContainsSubstring(const std::string& text) { return Catch::Matchers::Contains(text); }
#endif
