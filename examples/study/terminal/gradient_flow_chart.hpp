#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <lamina/diagnostics/gradient_flow.hpp>

#include "study/terminal/terminal.hpp"
#include "study/text/layer_places.hpp"
#include "study/text/text.hpp"

namespace study {

/// The decades 10^low to 10^high that hold every mean |gradient| but zeros.
struct Decades {
  int low = 0;
  int high = 1;
};

[[nodiscard]] inline Decades decades_of(std::span<const lamina::TensorFlow> flow) {
  double least = INFINITY;
  double most = 0;
  for (const lamina::TensorFlow& tensor : flow) {
    if (tensor.mean_abs > 0) least = std::min(least, tensor.mean_abs);
    most = std::max(most, tensor.mean_abs);
  }
  if (most == 0) return {};
  // The smallest bar begins a decade further left, so that it has some length.
  const int low = static_cast<int>(std::floor(std::log10(least))) - 1;
  return {low, std::max(low + 1, static_cast<int>(std::ceil(std::log10(most))))};
}

/// The mean |gradient| of each weight tensor, input first, as bars on a logarithmic scale.
/// @param tensors  all parameter tensors of a network
[[nodiscard]] inline std::string gradient_flow_chart(std::span<const lamina::TensorFlow> tensors, std::size_t width,
                                                     const BarStyle& style) {
  const std::vector<lamina::TensorFlow> flow = lamina::weight_tensors(tensors);
  const LayerPlaces places(tensors);
  const auto label = [&](std::size_t index, const lamina::TensorFlow& tensor) {
    return right(std::to_string(index), 3) + " " + places(tensor);
  };
  std::size_t labels = 0;
  for (std::size_t i = 0; i < flow.size(); ++i) labels = std::max(labels, label(i, flow[i]).size());
  const std::size_t before = labels + 10;  // and the figure: "  1.2e-18 "
  const std::size_t longest = width > before + 10 ? std::min<std::size_t>(width - 1 - before, 60) : 10;

  const Decades decades = decades_of(flow);
  const std::string low = "1e" + std::to_string(decades.low);
  std::string chart = std::string(before, ' ') + low;
  chart += right("1e" + std::to_string(decades.high), longest - low.size()) + "\n";
  for (std::size_t i = 0; i < flow.size(); ++i) {
    const double mean = flow[i].mean_abs;
    const double part = mean > 0 ? (std::log10(mean) - decades.low) / (decades.high - decades.low) : 0;
    const auto length = static_cast<std::size_t>(std::lround(part * static_cast<double>(longest)));
    chart += left(label(i, flow[i]), labels) + "  " + scientific(mean, 1) + " " + bar(length, length, style) + "\n";
  }
  return chart;
}

}  // namespace study
