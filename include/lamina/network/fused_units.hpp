#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <lamina/network/fusion_plan.hpp>

namespace lamina {

/// What fused training and fused inference of a network share: its units (fusion_plan.hpp), the sizes of what they
/// need, and how a unit's value comes from its raw tensor.
template <class Network, class T>
class FusedUnits {
 protected:
  static constexpr const auto& operations_ = operations<T, Network>;
  static constexpr auto plan_ = plan_fusion<T>(operations_, Network::input_shape);
  static constexpr std::size_t units_ = plan_.count;

  using Deferred = kernels::Deferred<T>;

  static constexpr Index aligned(Index size) { return detail::aligned_size<T>(size); }

  static constexpr const Operation<T>& operation(int index) { return operations_[static_cast<std::size_t>(index)]; }

  static constexpr Index largest(Index batch) {
    Index size = 0;
    for (std::size_t value = 0; value <= units_; ++value) {
      size = std::max(size, aligned(batch * plan_.shapes[value].size()));
    }
    return size;
  }
  static constexpr Index channels_ = [] {
    Index channels = 0;
    for (std::size_t value = 0; value <= units_; ++value) channels = std::max(channels, plan_.shapes[value].channels);
    return channels;
  }();
  static constexpr Index coefficients_ = aligned(4 * channels_);
  static constexpr Index largest_scratch(Index batch, Index threads) {
    Index size = 2 * channels_ * Partition::kMostParts;
    for (const Operation<T>& each : operations_) {
      if (each.layer.scratch != nullptr) size = std::max(size, each.layer.scratch(batch, threads));
    }
    return size;
  }

  static Deferred deferred(const FusedUnit& unit, TensorView<const T> raw, const T* coefficients, const T* shortcut) {
    const bool scaled = unit.batch_norm != FusedUnit::none;
    const Index channels = scaled ? operation(unit.batch_norm).layer.output_shape.channels : 0;
    return {.raw = raw,
            .scale = scaled ? coefficients + 2 * channels : nullptr,
            .shift = scaled ? coefficients + 3 * channels : nullptr,
            .shortcut = shortcut,
            .slope = unit.activation == FusedUnit::none ? T{1} : operation(unit.activation).slope};
  }

  static void resolve(const Team& team, const Deferred& tensor, T* values) {
    team.for_parts(tensor.raw.batch, [&](Range samples, Index) {
      for (Index n = samples.begin; n < samples.end; ++n) {
        kernels::evaluate(tensor, n, values + n * tensor.raw.shape.size());
      }
    });
  }

  static void run_plain(const Forward<T>& pass, const FusedUnit& unit, TensorView<const T> input, T* saved, T* scratch,
                        const TensorView<T>& output) {
    const Operation<T>& layer = operation(unit.layer);
    layer.layer.forward(
        {.team = pass.team,
         .training = pass.training,
         .random = {pass.random.seed, pass.random.step, layer.random_layer},
         .parameters = pass.parameters + layer.layer.parameter_offset,
         .statistics = pass.statistics + layer.layer.statistics_offset,
         .updated_statistics = pass.training ? pass.updated_statistics + layer.layer.statistics_offset : nullptr,
         .saved = saved,
         .scratch = scratch,
         .input = input,
         .output = output});
  }
};

}  // namespace lamina
