#pragma once

#include <span>
#include <string>
#include <string_view>

#include "study/figures/figure_layout.hpp"
#include "study/run_folder/run.hpp"

namespace study {

/// Whole decades around values of the mean |gradient|, as exponents of ten, and marks at most nine of them apart.
struct FlowDecades {
  int low = 0;
  int high = 1;
  int step = 1;
};

/// The decades that hold all that figures draw of a flow, but for zeros. Where all is zero they are those of a healthy
/// network.
[[nodiscard]] FlowDecades flow_decades(std::span<const EpochFlow> flow);

/// A note that counts the zeros, which a logarithmic axis does not have; nothing where there are none.
/// @param fate  what becomes of them: ": they are left out"
/// @param at    where, in gnuplot's words: "graph 0.5,0.05"
[[nodiscard]] std::string note_zeros(std::span<const EpochFlow> flow, std::string_view fate, std::string_view at);

/// The logarithmic axis of mean |gradient|, with a note on zeros.
[[nodiscard]] std::string draw_flow_axis(std::span<const EpochFlow> flow);

/// The title of the figure, and what its vertical axis shows.
[[nodiscard]] std::string name_flow_axis(const Panel& panel, int height, std::string_view title);

/// A value of the table for gnuplot: a gap where it is zero.
inline constexpr std::string_view kFlowValue = "(column('mean_abs') > 0 ? column('mean_abs') : NaN)";

}  // namespace study
