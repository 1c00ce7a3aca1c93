#pragma once

#include <span>
#include <string>
#include <vector>

#include <lamina/diagnostics/gradient_flow.hpp>

namespace study {

/// What figures call the weight tensors of a network, input first: the places of their layers, or else the layers'
/// names
/// ("3.branch.0" for the tensor "3.branch.0.weight").
/// @param tensors  all parameter tensors of a network
[[nodiscard]] std::vector<std::string> layer_labels(std::span<const lamina::TensorFlow> tensors);

/// The room for the longest of these, in pixels.
[[nodiscard]] int room_for(std::span<const std::string> labels);

/// Marks at 0, 1, 2, ... with these labels for gnuplot's "set xtics": ('entry' 0, 'head' 1). Of many as many as fit.
/// @param fit  so many labels at most
[[nodiscard]] std::string labelled_marks(std::span<const std::string> labels, std::size_t fit);

}  // namespace study
