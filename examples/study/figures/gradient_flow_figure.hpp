#pragma once

#include <filesystem>

#include "study/figures/figure.hpp"
#include "study/run_folder/run.hpp"

namespace study {

/// Writes the tables and the script of the mean |gradient| of each layer, from input to output on a logarithmic axis,
/// with a line an epoch from light to dark through the weight tensors, and marks for the gammas of batch norms. Zeros,
/// which such an axis does not have, are gaps that a note counts.
/// @throws lamina::FileError  when they cannot be written
[[nodiscard]] Figure write_gradient_flow(const Run& run, const std::filesystem::path& folder);

}  // namespace study
