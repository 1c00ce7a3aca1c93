#include "study/figures/gradient_flow_map.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "study/figures/figure_layout.hpp"
#include "study/figures/flow_axis.hpp"
#include "study/figures/flow_points.hpp"
#include "study/figures/gnuplot.hpp"
#include "study/figures/layer_labels.hpp"

namespace study {

namespace {

constexpr std::size_t kMostLabels = 60;  // where there are more layers, not every one has its name

/// Viridis (van der Walt and Smith 2015): equal ratios of gradients are equal steps to the eye, also to a colour-blind
/// one and in print without colour.
constexpr const char* kPalette =
    "set palette defined (0 '#440154', 1 '#472c7a', 2 '#3b518b', 3 '#2c718e', 4 '#21908d', 5 '#27ad81', 6 '#5cc863', "
    "7 '#aadc32', 8 '#fde725')\n";

std::string draw_colours(std::span<const EpochFlow> flow, const Panel& panel, int height) {
  const auto [low, high, step] = flow_decades(flow);
  return kPalette + std::string("set logscale cb; set cbrange [1e") + std::to_string(low) + ":1e" +
         std::to_string(high) + "]\nset cbtics 1e" + std::to_string(low) + ",1e" + std::to_string(step) +
         "; set mcbtics 1; set format cb '10^{%L}'\n" + place_colour_bar(panel, height, "mean |gradient|");
}

/// The layers from above to below, and the epochs.
std::string draw_axes(std::span<const EpochFlow> flow, const std::vector<std::string>& labels) {
  const std::string first = std::to_string(flow.front().epoch);
  const std::string last = std::to_string(flow.back().epoch);
  return "set border 0; set tics nomirror out scale 0.5; unset key\nset ytics font ',13' noenhanced " +
         labelled_marks(labels, kMostLabels) + "\nset yrange [" + std::to_string(labels.size()) +
         "-0.5:-0.5]\nset xrange [" + first + "-0.5:" + last + "+0.5]\n" +
         (flow.size() <= 10 ? "set xtics 1\n" : "set xtics add (" + first + ", " + last + ")\n");
}

/// A rectangle for each value above zero, on grey.
std::string plot_cells(const std::string& table) {
  // A little too large: between rectangles that only touch, a picture in pixels shows seams.
  return "set object rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb 'gray70' fillstyle solid noborder\n"
         "plot " +
         gnuplot_quoted(table) +
         " using (column('mean_abs') > 0 ? column('epoch') : NaN):'index':(0.55):(0.55):'mean_abs' \\\n  with "
         "boxxyerror fillcolor palette fillstyle solid 1 noborder\n";
}

}  // namespace

Figure write_gradient_flow_map(const Run& run, const std::filesystem::path& folder) {
  const Figure figure{.folder = folder,
                      .name = "gradient_flow_map",
                      .caption =
                          "Mean |gradient| of each layer, from input above to output below, in each epoch as a colour "
                          "on a logarithmic scale; grey is zero."};
  const std::vector<EpochFlow> flow = weights_of(run.flow);
  write_flow_table(flow, FlowPart::weights, figure.file(".csv"));
  const auto labels = layer_labels(run.flow.front().tensors);
  const int height = 145 + 18 * static_cast<int>(std::min(labels.size(), kMostLabels));
  const Panel panel{.left = 30 + room_for(labels), .right = 800, .top = 60, .bottom = height - 85};
  const int middle = (panel.left + panel.right) / 2;
  write_script(figure, height,
               place(panel, height) + draw_axes(flow, labels) + draw_colours(flow, panel, height) +
                   write_title(height, "Gradient flow of " + run.title()) +
                   write_at(middle, panel.bottom + 45, height, "epoch") +
                   note_zeros(flow, ": they are grey", screen_point(middle, panel.bottom + 70, height)) +
                   plot_cells(figure.file(".csv").filename().string()));
  return figure;
}

}  // namespace study
