#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/network/model.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

/// Where the running statistics of a batch norm lie, and how fast they move.
struct MomentumOfStatistics {
  Index offset = 0;
  Index size = 0;
  double momentum = 0;
};

/// A visitor that lists them, but for those that do not move: with a momentum of 0 a pass leaves nothing to measure.
struct MomentumLister {
  std::vector<MomentumOfStatistics> norms;
  Index offset = 0;
  int values = 0;

  template <class Specification, Shape Input>
  constexpr int layer(int, const Name&) {
    using Bound = typename Specification::template Bound<Input>;
    const Index size = total_size(Bound::statistics);
    if constexpr (Bound::role == LayerRole::batch_norm) {
      if (Bound::options.momentum > 0) norms.push_back({offset, size, Bound::options.momentum});
    }
    offset += size;
    return ++values;
  }
  constexpr int add(int, int) { return ++values; }
  constexpr int scale(int, int) { return ++values; }
  constexpr int concatenate(std::span<const int>, const Shape&) { return ++values; }
};

}  // namespace detail

/// Measures the running statistics of all batch norms again, as the mean over batches, each of which counts the same:
/// what averaged weights need, whose activations no step has seen (Izmailov et al. 2018;
/// torch.optim.swa_utils.update_bn). Norms with the momentum 0 keep theirs.
///
///     StatisticsMeasurement measurement(model);
///     for (...) measurement.add(model, workspace, images);
///     measurement.finish(model);
template <class Network, class T>
class StatisticsMeasurement {
 public:
  explicit StatisticsMeasurement(const Model<Network, T>& /*model*/)
      : sums_(static_cast<std::size_t>(Network::statistics_count)) {
    detail::MomentumLister lister;
    Network::visit(lister);
    norms_ = std::move(lister.norms);
  }

  /// Whether there is anything to measure.
  [[nodiscard]] bool needed() const { return !norms_.empty(); }

  /// A training forward pass, of which the statistics remain.
  /// @throws ArgumentError  as Model::forward
  void add(Model<Network, T>& model, TrainingWorkspace<Network, T>& workspace, TensorView<const T> images,
           RandomPosition random = {}) {
    // From zero, the statistics move to the batch's times the momentum.
    for (const auto& norm : norms_) std::ranges::fill(part(model.statistics(), norm), T{0});
    model.forward(workspace, images, random);
    for (const auto& norm : norms_) {
      const auto moved = part(model.statistics(), norm);
      for (std::size_t i = 0; i < moved.size(); ++i)
        sums_[static_cast<std::size_t>(norm.offset) + i] += static_cast<double>(moved[i]) / norm.momentum;
    }
    ++batches_;
  }

  /// Gives the model what was measured; without a batch it keeps what it has.
  void finish(Model<Network, T>& model) const {
    if (batches_ == 0) return;
    for (const auto& norm : norms_) {
      const auto values = part(model.statistics(), norm);
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<T>(sums_[static_cast<std::size_t>(norm.offset) + i] / static_cast<double>(batches_));
    }
  }

 private:
  static std::span<T> part(std::span<T> statistics, const detail::MomentumOfStatistics& norm) {
    return statistics.subspan(static_cast<std::size_t>(norm.offset), static_cast<std::size_t>(norm.size));
  }

  std::vector<detail::MomentumOfStatistics> norms_;
  std::vector<double> sums_;
  Index batches_ = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
