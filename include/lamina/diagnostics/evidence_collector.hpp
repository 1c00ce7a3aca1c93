#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/gradient_noise.hpp>
#include <lamina/diagnostics/signal_propagation.hpp>
#include <lamina/diagnostics/training_evidence.hpp>
#include <lamina/diagnostics/update_ratios.hpp>
#include <lamina/network/model.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Collects what is measured of some of the steps of a training: signal propagation, gradient noise and update ratios.
/// A step that is measured takes some percent longer than others, so one in a few is; the training's bits are the same.
/// Nothing is allocated.
template <class Network, class T>
class EvidenceCollector {
 public:
  /// @param workspace  of the training
  /// @param interval   one step of so many is measured, the first of an epoch among them; 0 for none
  /// @throws ArgumentError  a negative interval
  EvidenceCollector(const TrainingWorkspace<Network, T>& workspace, Index interval)
      : interval_(interval), signals_(workspace), noise_(workspace), updates_(Network::parameters) {
    require(interval >= 0, "the interval of measured steps must not be negative, got " + std::to_string(interval));
  }

  /// Whether a step is measured, counted from 0 within the epoch.
  [[nodiscard]] bool measures(Index step) const { return interval_ > 0 && step % interval_ == 0; }

  /// Calls `backward`, which runs Model::backward(), between what is measured before and after it.
  /// @param images  of the batch, after forward()
  template <class Backward>
  void around_backward(const Model<Network, T>& model, TrainingWorkspace<Network, T>& workspace,
                       TensorView<const T> images, const Backward& backward) {
    signals_.add(model, workspace, images);
    workspace.set_part_squares(noise_.part_squares());
    backward();
    workspace.set_part_squares({});
    noise_.add(model.gradients(), images.batch);
  }

  /// Calls `update`, which moves the parameters, between what is measured before and after it.
  template <class Update>
  void around_update(const Model<Network, T>& model, const Team& team, const Update& update) {
    updates_.before(model.parameters(), team);
    update();
    updates_.after(model.parameters(), team);
  }

  /// Writes what has been collected since construction or reset() into evidence.
  void add_to(TrainingEvidence& evidence) const {
    evidence.signals = signals_.average();
    evidence.updates = updates_.average();
    evidence.noise = noise_.average();
  }

  /// What has been collected, for checkpoints.
  [[nodiscard]] std::vector<double> sums() const {
    std::vector<double> values = signals_.sums();
    for (const std::vector<double>& more : {noise_.sums(), updates_.sums()}) {
      values.insert(values.end(), more.begin(), more.end());
    }
    return values;
  }

  /// Values that sums() gives.
  [[nodiscard]] std::size_t size() const { return signals_.size() + noise_.size() + updates_.size(); }

  /// Continues from the sums() of another object for the same network.
  /// @throws ArgumentError  for another number of values
  void restore(std::span<const double> sums) {
    require(sums.size() == size(),
            "the evidence takes " + std::to_string(size()) + " sums, got " + std::to_string(sums.size()));
    signals_.restore(sums.first(signals_.size()));
    noise_.restore(sums.subspan(signals_.size(), noise_.size()));
    updates_.restore(sums.last(updates_.size()));
  }

  /// Forgets all steps: call it at the start of an epoch.
  void reset() {
    signals_.reset();
    noise_.reset();
    updates_.reset();
  }

 private:
  Index interval_;
  SignalPropagation signals_;
  GradientNoise noise_;
  UpdateRatios<T> updates_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
