#include "study/figures/gradient_flow_figure.hpp"

#include <algorithm>

#include "study/figures/figure_key.hpp"
#include "study/figures/figure_layout.hpp"
#include "study/figures/flow_axis.hpp"
#include "study/figures/flow_points.hpp"
#include "study/figures/gnuplot.hpp"
#include "study/figures/layer_labels.hpp"
#include "study/text/text.hpp"

namespace study {

namespace {

using lamina::Index;

constexpr const char* kName = "gradient_flow";

/// How the lines and the marks look.
/// @param size    of a symbol
/// @param colour  in gnuplot's words: "palette"
std::string line_style(const std::string& size, const std::string& colour) {
  return "linespoints pt 7 ps " + size + "*symbol lw 1.6 lc " + colour;
}
std::string mark_style(const std::string& size, const std::string& colour) {
  return "points pt " + std::to_string(kNormSymbol) + " ps " + size + "*symbol lc " + colour;
}

/// The bar that explains the colours of the epochs, one hue from light to dark.
std::string draw_colour_bar(Index first, Index last, const Panel& panel, int height) {
  const std::string from = std::to_string(first);
  const std::string to = std::to_string(last);
  return "set palette defined (0 '#9ecae1', 0.35 '#4292c6', 0.7 '#08519c', 1 '#041f45')\nset cbrange [" + from + ":" +
         to + "]\n" + place_colour_bar(panel, height, "epoch") +
         (last - first < 10 ? "set cbtics 1\n" : "set cbtics add (" + from + ", " + to + ")\n");
}

/// The names of the layers along the horizontal axis: all of them, or as many as fit.
std::string draw_labels(const std::vector<std::string>& labels) {
  constexpr std::size_t fit = 45;
  return "set xtics rotate by 90 right font ',13' noenhanced scale 0.5 " + labelled_marks(labels, fit) +
         "\nset xrange [-0.5:" + std::to_string(labels.size()) + "-0.5]\n";
}

/// The lines of all epochs, then their marks.
/// @param layers  that a line goes through
std::string plot_epochs(const Run& run, std::size_t layers, const std::string& colour) {
  const auto values = [](FlowPart part, const std::string& rows) {
    return gnuplot_quoted(flow_table_name(part, 0, 1)) + rows + " using 'index':" + std::string(kFlowValue) +
           ":'epoch' \\\n  with ";
  };
  // The rows of an epoch lie one after the other: each line of the figure takes `n` of them.
  const std::string n = std::to_string(layers);
  std::string text = "plot for [i = 0:" + std::to_string(run.flow.size() - 1) + "] " +
                     values(FlowPart::weights, " every ::i*" + n + "::i*" + n + "+" + n + "-1") +
                     line_style("0.45", colour);
  if (has_norms(run.flow)) text += ", \\\n  " + values(FlowPart::batch_norms, "") + mark_style("0.75", colour);
  return text + "\n";
}

std::vector<KeyEntry> key_entries(const std::string& colour) {
  return {{line_style("0.6", colour), "weights of convolutions and of the head"},
          {mark_style("0.9", colour), "gamma of batch norms"}};
}

std::string draw(const Run& run, const std::vector<std::string>& labels, const Panel& panel, int height) {
  const Index first = run.flow.front().epoch;
  const Index last = run.flow.back().epoch;
  const bool one = first == last;
  const std::string title = "Gradient flow of " + run.title() + (one ? ", epoch " + std::to_string(first) : "");
  const std::string colour = "rgb " + run_colour(0);
  std::string text = "set multiplot\n" + place(panel, height) + draw_flow_axis(run.flow) + draw_labels(labels) +
                     (one ? "" : draw_colour_bar(first, last, panel, height)) + name_flow_axis(panel, height, title) +
                     plot_epochs(run, labels.size(), one ? colour : "palette");
  if (has_norms(run.flow)) text += "unset colorbox\n" + draw_key(key_entries(colour), height);
  return text + "unset multiplot\n";
}

}  // namespace

Figure write_gradient_flow(const Run& run, const std::filesystem::path& folder) {
  const Figure figure{.folder = folder,
                      .name = kName,
                      .caption =
                          "Mean |gradient| of each layer from input to output, on a logarithmic axis: a line an epoch, "
                          "the first light, the last dark, and diamonds for batch norms."};
  write_flow_tables(run.flow, folder, 0, 1);
  const auto labels = layer_labels(run.flow.front().tensors);
  const int below = 25 + room_for(labels) + (has_norms(run.flow) ? key_height(key_entries("")) : 0);
  const int height = 400 + below;
  const Panel panel{.left = 90, .right = run.flow.size() == 1 ? 885 : 800, .top = 45, .bottom = height - below};
  write_script(figure, height, draw(run, labels, panel, height));
  return figure;
}

}  // namespace study
