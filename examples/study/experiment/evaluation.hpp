#pragma once

#include "study/command_line/options.hpp"

namespace study {

/// Measures the weights in options.evaluated on the test images and prints loss, top-1 and top-5 accuracy, and on
/// request the accuracy of each class. Model, seed and limit of the run that made the file are taken from it where it
/// holds them, because the images are normalised as in that run.
/// @throws lamina::Error  a file that cannot be used, or of which nobody says what network it is for
void run_evaluation(const Options& options);

}  // namespace study
