#pragma once

#include <filesystem>

#include "study/figures/figure.hpp"
#include "study/run_folder/run.hpp"

namespace study {

/// Writes the table and the script of the mean |gradient| of each weight tensor in each epoch as a colour: layers from
/// the input above to the output below, epochs from left to right. Where and when a network stops learning is dark.
/// Zeros, which a logarithmic scale does not have, are grey, and a note counts them.
/// @throws lamina::FileError  when they cannot be written
[[nodiscard]] Figure write_gradient_flow_map(const Run& run, const std::filesystem::path& folder);

}  // namespace study
