#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/layer_signal.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/value_names.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Collects how the signal propagates from a network's input to its output (Brock, De and Smith 2021, "Characterizing
/// signal propagation to close the performance gap in unnormalized ResNets"), from the first images of batches. A layer
/// is measured behind what is computed together with it: a convolution that takes a rectifier into its epilogue, or a
/// sum that takes two batch norms, is one row, named after the last of these layers. Concatenations have the signals of
/// their parts, and no row. Adding allocates nothing, and its bits do not depend on the team.
class SignalPropagation {
 public:
  /// Images of a batch that are measured at most.
  static constexpr Index kImages = 16;

  /// @param workspace  whose passes will be measured, or one like it
  template <class Network, class T>
  explicit SignalPropagation(const TrainingWorkspace<Network, T>& workspace) {
    const engine::Program<T>& program = *workspace.engine().program;
    const std::vector<ValueName> names = value_names<Network>();
    sources_ = engine::signal_sources(program);
    Index size = 0;
    for (const engine::SignalSource& source : sources_) {
      const ValueName& name = names[static_cast<std::size_t>(source.value)];
      const Shape shape = program.shape(source.value);
      layers_.push_back({.name = name,
                         .offset = source.offset,
                         .channels = shape.channels,
                         .pixels = shape.pixels(),
                         .saturates = source.unsaturated.has_value()});
      size += engine::signal_sums(shape.channels);
    }
    sums_.resize(static_cast<std::size_t>(size));
    reset();
  }

  /// Adds what the last forward() on a workspace has left for these images; before backward().
  /// @throws ArgumentError  as Model::measure_signals
  template <class Network, class T>
  void add(const Model<Network, T>& model, TrainingWorkspace<Network, T>& workspace, TensorView<const T> images) {
    const Index count = std::min(kImages, images.batch);
    model.measure_signals(workspace, images, {.sources = sources_, .images = count, .sums = sums_.data()});
    images_ += count;
  }

  /// Images added since construction or reset().
  [[nodiscard]] Index images() const { return images_; }

  /// The signals of all layers over these images, input first; none before the first image.
  [[nodiscard]] std::vector<LayerSignal> average() const {
    std::vector<LayerSignal> signals;
    if (images_ == 0) return signals;
    for (const Layer& layer : layers_) signals.push_back(signal_of(layer));
    return signals;
  }

  /// What has been collected, for checkpoints: the images, then sums a channel.
  [[nodiscard]] std::vector<double> sums() const {
    std::vector<double> values{static_cast<double>(images_)};
    values.insert(values.end(), sums_.begin(), sums_.end());
    return values;
  }
  /// Values that sums() gives.
  [[nodiscard]] std::size_t size() const { return sums_.size() + 1; }

  /// Continues from the sums() of another object for the same network.
  /// @throws ArgumentError  for another number of values
  void restore(std::span<const double> sums) {
    require(sums.size() == size(),
            "signal propagation takes " + std::to_string(size()) + " sums, got " + std::to_string(sums.size()));
    images_ = static_cast<Index>(sums.front());
    std::copy(sums.begin() + 1, sums.end(), sums_.begin());
  }

  /// Forgets all images: call it at the start of an epoch.
  void reset() {
    images_ = 0;
    std::fill(sums_.begin(), sums_.end(), 0.0);
    for (const Layer& layer : layers_) {
      std::fill_n(sums_.begin() + layer.offset + 2 * layer.channels, layer.channels,
                  -std::numeric_limits<double>::infinity());
    }
  }

 private:
  struct Layer {
    ValueName name;
    Index offset = 0;
    Index channels = 0;
    Index pixels = 0;
    bool saturates = false;
  };

  [[nodiscard]] LayerSignal signal_of(const Layer& layer) const {
    const auto sums = std::span(sums_).subspan(static_cast<std::size_t>(layer.offset));
    const auto channels = static_cast<std::size_t>(layer.channels);
    const double count = static_cast<double>(images_ * layer.pixels);  // of a channel
    LayerSignal signal{.name = layer.name.layer, .kind = std::string(layer.name.kind)};
    double squares = 0;
    double dead = 0;
    for (std::size_t c = 0; c < channels; ++c) {
      const double mean = sums[c] / count;
      signal.mean += mean;
      signal.squared_mean += mean * mean;
      squares += sums[channels + c] / count;
      if (sums[2 * channels + c] <= 0) ++dead;
    }
    const auto all = static_cast<double>(channels);
    signal.mean /= all;
    signal.squared_mean /= all;
    signal.standard_deviation = std::sqrt(std::max(squares / all - signal.mean * signal.mean, 0.0));
    if (layer.name.activation && !layer.saturates) signal.dead_share = dead / all;
    if (layer.saturates) signal.saturated_share = sums[3 * channels] / (count * all);
    return signal;
  }

  std::vector<engine::SignalSource> sources_;
  std::vector<Layer> layers_;
  std::vector<double> sums_;
  Index images_ = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
