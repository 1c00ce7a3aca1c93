#pragma once

#include <filesystem>
#include <span>

#include "study/figures/figure.hpp"
#include "study/run_folder/run.hpp"

namespace study {

/// Writes the tables and the script of the gradient flows of several runs, each in its last epoch, as
/// write_gradient_flow does for one. A layer's place between input (0) and output (1) stands for its name: networks may
/// have different depths.
/// @pre  there is a run
/// @throws lamina::FileError  when they cannot be written
[[nodiscard]] Figure write_gradient_flows(std::span<const Run> runs, const std::filesystem::path& folder);

}  // namespace study
