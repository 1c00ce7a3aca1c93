#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "figure_layout.hpp"
#include "run.hpp"

namespace study {

/// Writes the table of a gradient flow: epoch, index, position (from input 0 to output 1), layer, mean_abs.
/// @throws lamina::FileError  when it cannot be written
void write_flow_table(std::span<const EpochFlow> flow, const std::filesystem::path& file);

/// The logarithmic axis of mean |gradient|, in whole decades around all values. Zeros, which it does not have, are
/// counted in a note.
[[nodiscard]] std::string draw_flow_axis(std::span<const EpochFlow> flow);

/// The title of the figure, and what its axes show.
/// @param below  pixels from the panel to the name of the horizontal axis
[[nodiscard]] std::string name_flow_axes(const Panel& panel, int height, std::string_view title,
                                         std::string_view horizontal, int below);

/// A value of the table for gnuplot: a gap where it is zero.
inline constexpr std::string_view kFlowValue = "(column('mean_abs') > 0 ? column('mean_abs') : NaN)";

}  // namespace study
