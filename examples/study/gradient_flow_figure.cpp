#include "gradient_flow_figure.hpp"

#include <algorithm>

#include "figure_key.hpp"
#include "figure_layout.hpp"
#include "flow_axis.hpp"
#include "gnuplot.hpp"
#include "text.hpp"

namespace study {

namespace {

using lamina::Index;
using lamina::TensorFlow;

constexpr const char* kName = "gradient_flow";

/// "3.branch.0" for "3.branch.0.weight": all tensors are weights.
std::string_view label(const TensorFlow& tensor) {
  constexpr std::string_view kind = ".weight";
  std::string_view name = tensor.name.view();
  if (name.ends_with(kind)) name.remove_suffix(kind.size());
  return name;
}

/// The flow of the weight tensors alone.
std::vector<EpochFlow> weights_of(std::span<const EpochFlow> flow) {
  std::vector<EpochFlow> weights;
  for (const auto& [epoch, tensors] : flow) weights.push_back({epoch, lamina::weight_tensors(tensors)});
  return weights;
}

int longest_label(std::span<const TensorFlow> tensors) {
  std::size_t longest = 0;
  for (const TensorFlow& tensor : tensors) longest = std::max(longest, label(tensor).size());
  return static_cast<int>(longest);
}

/// The names of the tensors along the horizontal axis: all of them, or as many as fit.
std::string draw_labels(std::span<const TensorFlow> tensors) {
  constexpr std::size_t fit = 45;
  const std::size_t step = (tensors.size() + fit - 1) / fit;
  std::string text = "set xtics rotate by 90 right font ',13' noenhanced scale 0.5 (";
  for (std::size_t i = 0; i < tensors.size(); i += step) {
    text += (i == 0 ? "" : ", ") + gnuplot_quoted(label(tensors[i])) + " " + std::to_string(i);
  }
  return text + ")\nset xrange [-0.5:" + std::to_string(tensors.size()) + "-0.5]\n";
}

/// The bar that explains the colours of the epochs, one hue from light to dark.
std::string draw_colour_bar(Index first, Index last, const Panel& panel, int height) {
  const std::string from = std::to_string(first);
  const std::string to = std::to_string(last);
  return "set palette defined (0 '#9ecae1', 0.35 '#4292c6', 0.7 '#08519c', 1 '#041f45')\nset cbrange [" + from + ":" +
         to + "]\nset colorbox user origin screen " + screen_part(818, kFigureWidth) + ",screen " +
         screen_part(height - panel.bottom, height) + " size screen " + screen_part(18, kFigureWidth) + ",screen " +
         screen_part(panel.bottom - panel.top, height) + "\n" + write_at(827, panel.top - 16, height, "epoch") +
         (last - first < 10 ? "set cbtics 1\n" : "set cbtics add (" + from + ", " + to + ")\n");
}

std::string draw_epochs(const Run& run, const Panel& panel, int height) {
  const auto& tensors = run.flow.front().tensors;
  const Index first = run.flow.front().epoch;
  const Index last = run.flow.back().epoch;
  const bool one = first == last;
  const std::string title = "Gradient flow of " + run.title() + (one ? ", epoch " + std::to_string(first) : "");
  const std::string count = std::to_string(tensors.size());
  // The rows of an epoch lie one after the other: each line of the figure takes `count` of them.
  return place(panel, height) + draw_flow_axis(run.flow) + draw_labels(tensors) +
         (one ? "" : draw_colour_bar(first, last, panel, height)) +
         name_flow_axes(panel, height, title, "layer of the weight tensor, from input to output",
                        height - panel.bottom - 18) +
         "plot for [i = 0:" + std::to_string(run.flow.size() - 1) + "] '" + table_name(kName, 0, 1) + "' every ::i*" +
         count + "::i*" + count + "+" + std::to_string(tensors.size() - 1) +
         " using 'index':" + std::string(kFlowValue) +
         ":'epoch' \\\n  with linespoints pt 7 ps 0.45*symbol lw 1.6 lc " + (one ? "rgb " + run_colour(0) : "palette") +
         "\n";
}

std::vector<KeyEntry> key_entries(std::span<const Run> runs) {
  const auto labels = run_labels(runs);
  std::vector<KeyEntry> entries;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    entries.push_back(
        {"linespoints lw 2 ps 0.6*symbol pt " + std::to_string(run_symbol(i)) + " lc rgb " + run_colour(i),
         labels[i] + ", epoch " + std::to_string(runs[i].flow.back().epoch)});
  }
  return entries;
}

std::string draw_runs(std::span<const EpochFlow> flow, const std::vector<KeyEntry>& key, int height) {
  const Panel panel{.left = 90, .right = 885, .top = 45, .bottom = height - key_height(key) - 65};
  std::string text = "set multiplot\n" + place(panel, height) + draw_flow_axis(flow) +
                     name_flow_axes(panel, height, "Gradient flow of several runs, each in its last epoch",
                                    "place of the weight tensor, from input (0) to output (1)", 48) +
                     "set xrange [-0.01:1.01]; set xtics 0.2\nplot ";
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (i > 0) text += ", \\\n  ";
    text += gnuplot_quoted(table_name(kName, i, key.size())) + " using 'position':" + std::string(kFlowValue) +
            " with " + key[i].style;
  }
  return text + "\n" + draw_key(key, height) + "unset multiplot\n";
}

}  // namespace

Figure write_gradient_flow(const Run& run, const std::filesystem::path& folder) {
  const Figure figure{.folder = folder,
                      .name = kName,
                      .caption =
                          "Mean |gradient| of each weight tensor from input to output, on a logarithmic axis: a "
                          "line an epoch, the first light, the last dark."};
  Run weights = run;
  weights.flow = weights_of(run.flow);
  write_flow_table(weights.flow, folder / table_name(kName, 0, 1));
  const int below = 55 + 9 * longest_label(weights.flow.front().tensors);
  const int height = 400 + below;
  const Panel panel{.left = 90, .right = run.flow.size() == 1 ? 885 : 800, .top = 45, .bottom = height - below};
  write_script(figure, height, draw_epochs(weights, panel, height));
  return figure;
}

Figure write_gradient_flows(std::span<const Run> runs, const std::filesystem::path& folder) {
  const Figure figure{.folder = folder,
                      .name = kName,
                      .caption =
                          "Mean |gradient| of each weight tensor in the last epoch, from input (0) to output "
                          "(1), on a logarithmic axis."};
  std::vector<EpochFlow> last;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    last.push_back(weights_of({&runs[i].flow.back(), 1}).front());
    write_flow_table({&last.back(), 1}, folder / table_name(kName, i, runs.size()));
  }
  const auto key = key_entries(runs);
  const int height = 465 + key_height(key);
  write_script(figure, height, draw_runs(last, key, height));
  return figure;
}

}  // namespace study
