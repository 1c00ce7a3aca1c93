#include "flow_axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <lamina/io/csv.hpp>

#include "gnuplot.hpp"

namespace study {

namespace {

constexpr std::array<std::string_view, 5> kColumns{"epoch", "index", "position", "layer", "mean_abs"};

/// What the axis has to hold.
struct Values {
  double least = INFINITY;  ///< above zero
  double most = 0;
  std::size_t zeros = 0;
  std::size_t count = 0;
};

Values values_of(std::span<const EpochFlow> flow) {
  Values values;
  for (const EpochFlow& epoch : flow) {
    for (const lamina::TensorFlow& tensor : epoch.tensors) {
      ++values.count;
      if (!(tensor.mean_abs > 0)) ++values.zeros;
      if (tensor.mean_abs > 0) values.least = std::min(values.least, tensor.mean_abs);
      values.most = std::max(values.most, tensor.mean_abs);
    }
  }
  return values;
}

std::string note(const Values& values) {
  if (values.zeros == 0) return "";
  return "set label " +
         gnuplot_quoted(std::to_string(values.zeros) + " of " + std::to_string(values.count) +
                        " values are 0, which a logarithmic axis does not have: they are left out") +
         " at graph 0.5,0.05 center front font ',13' noenhanced\n";
}

}  // namespace

void write_flow_table(std::span<const EpochFlow> flow, const std::filesystem::path& file) {
  lamina::CsvFile table(file, kColumns);
  for (const auto& [epoch, tensors] : flow) {
    const auto last = static_cast<double>(std::max<std::size_t>(tensors.size(), 2) - 1);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      table.add(epoch, i, static_cast<double>(i) / last, tensors[i].name.view(), tensors[i].mean_abs);
    }
  }
  table.write();
}

std::string draw_flow_axis(std::span<const EpochFlow> flow) {
  const Values values = values_of(flow);
  // Where all is zero the axis is that of a healthy network.
  const bool any = values.most > 0;
  const int low = any ? static_cast<int>(std::floor(std::log10(values.least))) : -8;
  const int high = any ? std::max(low + 1, static_cast<int>(std::ceil(std::log10(values.most)))) : 0;
  constexpr int marks = 9;  // at most so many, in decades or multiples of them
  const int step = (high - low + marks - 1) / marks;
  return std::string(kPlainAxes) + "set logscale y\nset yrange [1e" + std::to_string(low) + ":1e" +
         std::to_string(high) + "]\nset ytics 1e" + std::to_string(low) + ",1e" + std::to_string(step) +
         "; set mytics 1; set format y '10^{%L}'\n" + note(values);
}

std::string name_flow_axes(const Panel& panel, int height, std::string_view title, std::string_view horizontal,
                           int below) {
  return write_title(height, title) +
         write_at(20, (panel.top + panel.bottom) / 2, height, "mean |gradient|", "rotate by 90") +
         write_at((panel.left + panel.right) / 2, panel.bottom + below, height, horizontal);
}

}  // namespace study
