#include "study/figures/flow_points.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "study/figures/figure.hpp"
#include "study/text/csv_file.hpp"

namespace study {

namespace {

constexpr std::array<std::string_view, 5> kColumns{"epoch", "index", "position", "layer", "mean_abs"};

bool is_gamma(const lamina::TensorFlow& tensor) {
  return tensor.kind == "batch_norm" && tensor.name.view().ends_with("weight");
}

}  // namespace

std::vector<FlowPoint> flow_points(std::span<const lamina::TensorFlow> tensors, FlowPart part) {
  std::vector<FlowPoint> points;
  double weights = 0;  // before the tensor
  for (const lamina::TensorFlow& tensor : tensors) {
    if (part == FlowPart::weights && tensor.is_weight) points.push_back({weights, tensor});
    if (part == FlowPart::batch_norms && is_gamma(tensor)) points.push_back({weights - 0.5, tensor});
    if (tensor.is_weight) ++weights;
  }
  return points;
}

std::vector<EpochFlow> weights_of(std::span<const EpochFlow> flow) {
  std::vector<EpochFlow> weights;
  for (const auto& [epoch, tensors] : flow) weights.push_back({epoch, lamina::weight_tensors(tensors)});
  return weights;
}

bool has_norms(std::span<const EpochFlow> flow) {
  return std::ranges::any_of(
      flow, [](const EpochFlow& epoch) { return !flow_points(epoch.tensors, FlowPart::batch_norms).empty(); });
}

std::string flow_table_name(FlowPart part, std::size_t run, std::size_t runs) {
  return table_name(part == FlowPart::weights ? "gradient_flow" : "gradient_flow_batch_norm", run, runs);
}

void write_flow_table(std::span<const EpochFlow> flow, FlowPart part, const std::filesystem::path& file) {
  CsvFile table(file, kColumns);
  for (const auto& [epoch, tensors] : flow) {
    const auto weights = std::ranges::count_if(tensors, &lamina::TensorFlow::is_weight);
    const auto last = static_cast<double>(std::max<std::ptrdiff_t>(weights, 2) - 1);
    for (const auto& [index, tensor] : flow_points(tensors, part)) {
      table.add(epoch, index, index / last, tensor.name.view(), tensor.mean_abs);
    }
  }
  table.write();
}

void write_flow_tables(std::span<const EpochFlow> flow, const std::filesystem::path& folder, std::size_t run,
                       std::size_t runs) {
  write_flow_table(flow, FlowPart::weights, folder / flow_table_name(FlowPart::weights, run, runs));
  if (!has_norms(flow)) return;
  write_flow_table(flow, FlowPart::batch_norms, folder / flow_table_name(FlowPart::batch_norms, run, runs));
}

}  // namespace study
