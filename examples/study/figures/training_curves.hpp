#pragma once

#include <filesystem>
#include <span>

#include "study/figures/figure.hpp"
#include "study/run_folder/run.hpp"

namespace study {

/// Writes the tables and the script of loss and accuracy by epoch, in training and validation: of one run, or of
/// several in one picture. Accuracies begin at 0, and so does the loss unless it spans decades: then its axis is
/// logarithmic and says so.
/// @throws lamina::FileError  when they cannot be written
/// @pre    there is a run
[[nodiscard]] Figure write_training_curves(std::span<const Run> runs, const std::filesystem::path& folder);

}  // namespace study
