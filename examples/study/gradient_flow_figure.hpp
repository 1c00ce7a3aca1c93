#pragma once

#include <filesystem>
#include <span>

#include "figure.hpp"
#include "run.hpp"

namespace study {

/// Writes the table and the script of the mean |gradient| of each weight tensor, from input to output on a logarithmic
/// axis, with a line an epoch from light to dark. Zeros, which such an axis does not have, are gaps that a note counts.
/// @throws lamina::FileError  when they cannot be written
[[nodiscard]] Figure write_gradient_flow(const Run& run, const std::filesystem::path& folder);

/// The same of several runs, each in its last epoch, with a tensor's place between input (0) and output (1) for its
/// name: networks may have different depths.
/// @pre  there is a run
[[nodiscard]] Figure write_gradient_flows(std::span<const Run> runs, const std::filesystem::path& folder);

}  // namespace study
