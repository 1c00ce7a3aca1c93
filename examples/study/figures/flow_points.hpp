#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <lamina/diagnostics/gradient_flow.hpp>

#include "study/run_folder/run.hpp"

namespace study {

/// What figures draw of a gradient flow, each in a way of its own. Biases and beta are in no figure.
enum class FlowPart {
  weights,      ///< of convolutions and linear layers
  batch_norms,  ///< their gamma
};

/// A tensor and where it stands in a figure: weights at 0, 1, 2, ..., a batch norm half a step behind the weight before
/// it.
struct FlowPoint {
  double index = 0;
  lamina::TensorFlow tensor;
};

/// The tensors of a part, input first.
/// @param tensors  all parameter tensors of a network
[[nodiscard]] std::vector<FlowPoint> flow_points(std::span<const lamina::TensorFlow> tensors, FlowPart part);

/// The weight tensors of each epoch.
[[nodiscard]] std::vector<EpochFlow> weights_of(std::span<const EpochFlow> flow);

/// Whether there are batch norms to draw. Flows of earlier versions have none.
[[nodiscard]] bool has_norms(std::span<const EpochFlow> flow);

/// The name of the table of a part: "gradient_flow.csv", "gradient_flow_batch_norm_2.csv" for the second of several
/// runs.
[[nodiscard]] std::string flow_table_name(FlowPart part, std::size_t run, std::size_t runs);

/// Writes the table of a part for gnuplot: epoch, index, position (from input 0 to output 1), layer, mean_abs.
/// @throws lamina::FileError  when it cannot be written
void write_flow_table(std::span<const EpochFlow> flow, FlowPart part, const std::filesystem::path& file);

/// Writes the tables of all parts that there are under the names above.
/// @throws lamina::FileError  when they cannot be written
void write_flow_tables(std::span<const EpochFlow> flow, const std::filesystem::path& folder, std::size_t run,
                       std::size_t runs);

/// The symbol of batch norms, a diamond.
inline constexpr int kNormSymbol = 13;

}  // namespace study
