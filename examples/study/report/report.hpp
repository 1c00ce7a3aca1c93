#pragma once

#include <span>
#include <string>

#include "study/figures/figure.hpp"
#include "study/run_folder/run.hpp"

namespace study {

/// A run as one HTML page that refers to nothing outside itself: its result, the verdict on its gradient flow, the
/// figures, the epochs and the configuration. Where the pictures are not there it says how to draw them.
/// @throws lamina::FileError  a picture that cannot be read
[[nodiscard]] std::string html_report(const Run& run, std::span<const Figure> figures);

}  // namespace study
