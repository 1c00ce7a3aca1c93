#include "study/figures/flow_axis.hpp"

#include <algorithm>
#include <cmath>

#include "study/figures/flow_points.hpp"
#include "study/figures/gnuplot.hpp"

namespace study {

namespace {

/// What the axis has to hold.
struct Values {
  double least = INFINITY;  ///< above zero
  double most = 0;
  std::size_t zeros = 0;
  std::size_t count = 0;

  void add(double value) {
    ++count;
    if (!(value > 0)) ++zeros;
    if (value > 0) least = std::min(least, value);
    most = std::max(most, value);
  }
};

Values values_of(std::span<const EpochFlow> flow) {
  Values values;
  for (const EpochFlow& epoch : flow) {
    for (const FlowPart part : {FlowPart::weights, FlowPart::batch_norms}) {
      for (const FlowPoint& point : flow_points(epoch.tensors, part)) values.add(point.tensor.mean_abs);
    }
  }
  return values;
}

}  // namespace

FlowDecades flow_decades(std::span<const EpochFlow> flow) {
  const Values values = values_of(flow);
  const bool any = values.most > 0;
  const int low = any ? static_cast<int>(std::floor(std::log10(values.least))) : -8;
  const int high = any ? std::max(low + 1, static_cast<int>(std::ceil(std::log10(values.most)))) : 0;
  constexpr int marks = 9;
  return {.low = low, .high = high, .step = (high - low + marks - 1) / marks};
}

std::string note_zeros(std::span<const EpochFlow> flow, std::string_view fate, std::string_view at) {
  const Values values = values_of(flow);
  if (values.zeros == 0) return "";
  const std::string text = std::to_string(values.zeros) + " of " + std::to_string(values.count) +
                           " values are 0, which a logarithmic axis does not have" + std::string(fate);
  return "set label " + gnuplot_quoted(text) + " at " + std::string(at) + " center front font ',13' noenhanced\n";
}

std::string draw_flow_axis(std::span<const EpochFlow> flow) {
  const auto [low, high, step] = flow_decades(flow);
  return std::string(kPlainAxes) + "set logscale y\nset yrange [1e" + std::to_string(low) + ":1e" +
         std::to_string(high) + "]\nset ytics 1e" + std::to_string(low) + ",1e" + std::to_string(step) +
         "; set mytics 1; set format y '10^{%L}'\n" + note_zeros(flow, ": they are left out", "graph 0.5,0.05");
}

std::string name_flow_axis(const Panel& panel, int height, std::string_view title) {
  return write_title(height, title) +
         write_at(20, (panel.top + panel.bottom) / 2, height, "mean |gradient|", "rotate by 90");
}

}  // namespace study
