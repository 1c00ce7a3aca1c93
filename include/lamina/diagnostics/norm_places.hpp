#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/network_evidence.hpp>

/// @file
/// Which convolutions have a norm behind them.

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// Whether a norm reads what an operation makes, directly or through what only adds, averages, scales or rearranges.
[[nodiscard]] inline bool norm_follows(std::span<const LayerEvidence> layers, int operation) {
  for (int i = operation + 1; i < static_cast<int>(layers.size()); ++i) {
    const LayerEvidence& layer = layers[static_cast<std::size_t>(i)];
    if (std::ranges::find(layer.reads, operation + 1) == layer.reads.end()) continue;
    if (layer.norm) return true;
    using Kind = engine::OperationKind;
    const bool passes = layer.kind == Kind::add || layer.kind == Kind::concatenation || layer.kind == Kind::pooling ||
                        layer.kind == Kind::channel_scale || layer.kind == Kind::reshape || layer.kind == Kind::layer;
    if (passes && norm_follows(layers, i)) return true;
  }
  return false;
}

/// The convolutions of images without a norm behind them, in a network in which nearly all have one: three quarters,
/// and three at least. Layers behind the pixels, as heads and squeeze-and-excitation have them, do not count.
[[nodiscard]] inline std::vector<int> missing_norms(std::span<const LayerEvidence> layers) {
  std::vector<int> without;
  std::size_t with = 0;
  for (int i = 0; i < static_cast<int>(layers.size()); ++i) {
    const LayerEvidence& layer = layers[static_cast<std::size_t>(i)];
    if (!layer.weights || layer.output.pixels() == 1) continue;
    if (norm_follows(layers, i)) {
      ++with;
    } else {
      without.push_back(i);
    }
  }
  const bool usual = with >= 3 && 4 * with >= 3 * (with + without.size());
  return usual ? without : std::vector<int>{};
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
