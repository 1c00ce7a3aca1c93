#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace study {

/// The program gnuplot of $PATH, where there is one.
[[nodiscard]] std::optional<std::filesystem::path> find_gnuplot();

/// Lets gnuplot run a script.
/// @throws lamina::Error  when it fails, with its message
void run_gnuplot(const std::filesystem::path& gnuplot, const std::filesystem::path& script);

/// Text as a string of gnuplot's: 'it''s'. Characters that end a line become spaces.
[[nodiscard]] std::string gnuplot_quoted(std::string_view text);

/// What a person types to run a script: "gnuplot runs/a/figures/training_curves.gp", quoted where a shell needs it.
[[nodiscard]] std::string gnuplot_command(const std::filesystem::path& script);

}  // namespace study
