#pragma once

#include <cxxopts.hpp>

#include "study/command_line/recipe.hpp"

namespace study {

/// Adds the flags of a Recipe to a command line.
void add_recipe_flags(cxxopts::Options& options);

/// What they say.
/// @param epochs  of the run
/// @throws UsageError  a value out of its range, a flag without the one that it belongs to
[[nodiscard]] Recipe parse_recipe(const cxxopts::ParseResult& flags, lamina::Index epochs);

}  // namespace study
