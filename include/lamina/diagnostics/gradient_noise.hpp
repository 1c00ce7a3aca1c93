#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/noise_evidence.hpp>
#include <lamina/kernels/part_squares.hpp>
#include <lamina/network/model.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Collects the noise of gradients (McCandlish, Kaplan, Amodei et al. 2018, "An empirical model of large-batch
/// training", appendix A). The gradient G of a batch is the sum of what its parts contribute, each with a share a_k of
/// the images. Given the gradient g of all images and the variance V = tr(covariance) / images of G,
///
///     E |G|^2 = |g|^2 + V,    E sum of |part k|^2 = |g|^2 (sum of a_k^2) + V
///
/// so that |g|^2 is the difference over 1 - sum of a_k^2: no gradient is computed for it. The noise is what the images
/// of a batch make of it; batch norms tie them together, and each is then taken as if the others were given.
///
/// Weights whose gradient a kernel sums over the whole batch at once (layers with many weights beside their
/// activations), and those of a layer that runs by its definition, are not measured. Adding allocates nothing, and its
/// bits do not depend on the team.
class GradientNoise {
 public:
  /// @param workspace  whose passes will be measured, or one like it
  template <class Network, class T>
  explicit GradientNoise(const TrainingWorkspace<Network, T>& workspace)
      : squares_(workspace.engine().program->operations.size()) {
    const std::span<const engine::Operation> operations = workspace.engine().program->operations;
    for (std::size_t i = 0; i < operations.size(); ++i) {
      if (operations[i].kind != engine::OperationKind::convolution) continue;
      const auto weight = std::ranges::find(Network::parameters, operations[i].parameter_offset, &Segment::offset);
      tensors_.push_back({.segment = *weight, .operation = i});
    }
    sums_.resize(tensors_.size());
  }

  /// Where backward() is to leave what the parts contribute: TrainingWorkspace::set_part_squares().
  [[nodiscard]] std::span<kernels::PartSquares> part_squares() {
    std::fill(squares_.begin(), squares_.end(), kernels::PartSquares{});
    return squares_;
  }

  /// Adds what backward() has left there.
  /// @param gradients  Model::gradients() of that batch
  /// @param images     in it
  template <class T>
  void add(std::span<const T> gradients, Index images) {
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const auto& [segment, operation] = tensors_[i];
      const kernels::PartSquares& parts = squares_[operation];
      if (parts.parts < 2) continue;
      const double all = kernels::sum_of_squares(gradients.data() + segment.offset, segment.size());
      const double signal = (all - parts.squares) / (1 - parts.shares);
      sums_[i].signal += signal;
      sums_[i].noise += all - signal;
      sums_[i].covariance += static_cast<double>(images) * (all - signal);
      ++sums_[i].batches;
    }
  }

  /// The noise over the batches since construction or reset().
  [[nodiscard]] NoiseEvidence average() const {
    NoiseEvidence evidence;
    Sums total;
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      if (sums_[i].batches == 0) continue;
      const Segment& segment = tensors_[i].segment;
      evidence.tensors.push_back(
          {.name = segment.name, .kind = std::string(segment.kind), .noise = noise_of(sums_[i])});
      total.signal += sums_[i].signal;
      total.noise += sums_[i].noise;
      total.covariance += sums_[i].covariance;
    }
    evidence.total = noise_of(total);
    return evidence;
  }

  /// What has been collected, for checkpoints: four values a weight tensor.
  [[nodiscard]] std::vector<double> sums() const {
    std::vector<double> values;
    for (const Sums& sum : sums_) {
      values.insert(values.end(), {sum.signal, sum.noise, sum.covariance, static_cast<double>(sum.batches)});
    }
    return values;
  }
  /// Values that sums() gives.
  [[nodiscard]] std::size_t size() const { return 4 * sums_.size(); }

  /// Continues from the sums() of another object for the same network.
  /// @throws ArgumentError  for another number of values
  void restore(std::span<const double> sums) {
    require(sums.size() == size(),
            "gradient noise takes " + std::to_string(size()) + " sums, got " + std::to_string(sums.size()));
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      sums_[i] = {sums[4 * i], sums[4 * i + 1], sums[4 * i + 2], static_cast<Index>(sums[4 * i + 3])};
    }
  }

  /// Forgets all batches: call it at the start of an epoch.
  void reset() { std::fill(sums_.begin(), sums_.end(), Sums{}); }

 private:
  struct Tensor {
    Segment segment;
    std::size_t operation = 0;
  };
  /// Over batches: of |g|^2, of V, and of the trace of the covariance.
  struct Sums {
    double signal = 0;
    double noise = 0;
    double covariance = 0;
    Index batches = 0;
  };

  /// Both estimates may come out below zero where they are small beside each other.
  [[nodiscard]] static GradientNoiseScale noise_of(const Sums& sums) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (sums.signal <= 0) return {};
    return {.signal_to_noise = sums.noise > 0 ? sums.signal / sums.noise : infinity,
            .noise_scale = std::max(sums.covariance, 0.0) / sums.signal};
  }

  std::vector<Tensor> tensors_;
  std::vector<Sums> sums_;
  std::vector<kernels::PartSquares> squares_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
