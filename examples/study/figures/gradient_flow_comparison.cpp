#include "study/figures/gradient_flow_comparison.hpp"

#include <string>
#include <vector>

#include "study/figures/figure_key.hpp"
#include "study/figures/figure_layout.hpp"
#include "study/figures/flow_axis.hpp"
#include "study/figures/flow_points.hpp"
#include "study/figures/gnuplot.hpp"

namespace study {

namespace {

std::string colour(std::size_t run) { return " lc rgb " + run_colour(run); }

std::string mark_style(const std::string& colour) {
  return "points pt " + std::to_string(kNormSymbol) + " ps 0.75*symbol" + colour;
}

std::vector<KeyEntry> key_entries(std::span<const Run> runs, bool norms) {
  const auto labels = run_labels(runs);
  std::vector<KeyEntry> entries;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    entries.push_back({"linespoints lw 2 ps 0.6*symbol pt " + std::to_string(run_symbol(i)) + colour(i),
                       labels[i] + ", epoch " + std::to_string(runs[i].flow.back().epoch)});
  }
  if (norms) entries.push_back({mark_style(" lc rgb 'gray40'"), "gamma of batch norms"});
  return entries;
}

std::string plot_runs(std::span<const EpochFlow> flow, const std::vector<KeyEntry>& key) {
  std::string text = "plot ";
  for (std::size_t i = 0; i < flow.size(); ++i) {
    const auto values = [&](FlowPart part) {
      return gnuplot_quoted(flow_table_name(part, i, flow.size())) + " using 'position':" + std::string(kFlowValue) +
             " with ";
    };
    text += (i == 0 ? "" : ", \\\n  ") + values(FlowPart::weights) + key[i].style;
    if (has_norms({&flow[i], 1})) text += ", \\\n  " + values(FlowPart::batch_norms) + mark_style(colour(i));
  }
  return text + "\n";
}

std::string draw(std::span<const EpochFlow> flow, const std::vector<KeyEntry>& key, int height) {
  const Panel panel{.left = 90, .right = 885, .top = 45, .bottom = height - key_height(key) - 65};
  return "set multiplot\n" + place(panel, height) + draw_flow_axis(flow) +
         name_flow_axis(panel, height, "Gradient flow of several runs, each in its last epoch") +
         write_at((panel.left + panel.right) / 2, panel.bottom + 48, height,
                  "place of the layer, from input (0) to output (1)") +
         "set xrange [-0.01:1.01]; set xtics 0.2\n" + plot_runs(flow, key) + draw_key(key, height) +
         "unset multiplot\n";
}

}  // namespace

Figure write_gradient_flows(std::span<const Run> runs, const std::filesystem::path& folder) {
  const Figure figure{.folder = folder,
                      .name = "gradient_flow",
                      .caption =
                          "Mean |gradient| of each layer in the last epoch, from input (0) to output (1), on a "
                          "logarithmic axis; diamonds are batch norms."};
  std::vector<EpochFlow> last;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    last.push_back(runs[i].flow.back());
    write_flow_tables({&last.back(), 1}, folder, i, runs.size());
  }
  const auto key = key_entries(runs, has_norms(last));
  const int height = 465 + key_height(key);
  write_script(figure, height, draw(last, key, height));
  return figure;
}

}  // namespace study
