#pragma once

#include <algorithm>
#include <string>

#include <lamina/core/buffer.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/floating_point.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/network/fused_inference.hpp>
#include <lamina/network/model.hpp>

namespace lamina {

/// Memory that inference with a FrozenModel needs besides the model, made once for batches of up to `batch` images.
/// @tparam Network  a Sequential that begins with an Image
template <class Network, class T = float>
class FrozenWorkspace {
 public:
  /// Images that one thread takes through the whole network at a time: few enough for its caches.
  static constexpr Index chunk = 2;

  /// @throws ArgumentError when batch < 1
  FrozenWorkspace(Index batch, Team team);

  [[nodiscard]] const Team& team() const { return team_; }
  [[nodiscard]] Index batch() const { return batch_; }
  [[nodiscard]] T* scratch(Index thread = 0) { return scratch_.data() + thread * thread_scratch_; }
  [[nodiscard]] TensorView<T> output(Index count) { return output_.view().samples(0, count); }

 private:
  Team team_;
  Index batch_;
  Index thread_scratch_;
  Buffer<T> scratch_;
  Tensor<T> output_;
};

/// A network for inference alone: batch norms are folded into the convolutions before them (Jacob et al. 2018, section
/// 3.2, without the quantisation) and the weights are in the form that the kernels compute with. Large batches are
/// split between the threads, each of which takes a few images at a time through the whole network, so that activations
/// stay in its caches; a batch smaller than the team is computed layer by layer, the threads sharing each image's
/// tiles. Agrees with Model::infer up to rounding; its own results have the same bits on any team.
template <class Network, class T = float>
class FrozenModel {
 public:
  using Workspace = FrozenWorkspace<Network, T>;

  explicit FrozenModel(const Model<Network, T>& model);

  /// The network's output, which lives in the workspace until its next use. Safe from several threads, each with a
  /// workspace of its own.
  /// @throws ArgumentError when the images do not fit the network or the workspace
  TensorView<const T> infer(Workspace& workspace, TensorView<const T> images) const {
    check_images<Network>(workspace.batch(), images);
    const FlushSubnormals scope;
    const TensorView<T> output = workspace.output(images.batch);
    if (images.batch < workspace.team().threads()) {
      infer(workspace.team(), workspace.scratch(), images, output);
      return output;
    }
    const Team alone(1);
    const Index chunk = Workspace::chunk;
    workspace.team().for_each((images.batch + chunk - 1) / chunk, [&](Index task, Index thread) {
      const Index first = task * chunk;
      const Index count = std::min(chunk, images.batch - first);
      infer(alone, workspace.scratch(thread), images.samples(first, count), output.samples(first, count));
    });
    return output;
  }

 private:
  void infer(const Team& team, T* scratch, TensorView<const T> images, TensorView<T> output) const;

  Buffer<T> parameters_;
  Buffer<T> statistics_;
  Buffer<T> frozen_;
};

// As in workspace.hpp, no inline functions: what compiles the network's kernels.

template <class Network, class T>
FrozenWorkspace<Network, T>::FrozenWorkspace(Index batch, Team team)
    : team_(team),
      batch_((require(batch > 0, "the batch size must be positive, got " + std::to_string(batch)), batch)),
      thread_scratch_(detail::aligned_size<T>(FusedInference<Network, T>::scratch(chunk, 1))),
      scratch_(std::max(team.threads() * thread_scratch_,
                        FusedInference<Network, T>::scratch(team.threads(), team.threads()))),
      output_(batch, Network::output_shape) {}

template <class Network, class T>
FrozenModel<Network, T>::FrozenModel(const Model<Network, T>& model)
    : parameters_(Network::parameter_count),
      statistics_(Network::statistics_count),
      frozen_(FusedInference<Network, T>::frozen_size()) {
  std::copy(model.parameters().begin(), model.parameters().end(), parameters_.begin());
  std::copy(model.statistics().begin(), model.statistics().end(), statistics_.begin());
  FusedInference<Network, T>::freeze(parameters_.data(), statistics_.data(), frozen_.data());
}

template <class Network, class T>
void FrozenModel<Network, T>::infer(const Team& team, T* scratch, TensorView<const T> images,
                                    TensorView<T> output) const {
  FusedInference<Network, T>::infer(Forward<T>{.team = team,
                                               .parameters = parameters_.data(),
                                               .statistics = statistics_.data(),
                                               .scratch = scratch,
                                               .input = images,
                                               .output = output},
                                    frozen_.data());
}

/// Converts a trained model for inference.
template <class Network, class T>
[[nodiscard]] FrozenModel<Network, T> freeze(const Model<Network, T>& model) {
  return FrozenModel<Network, T>(model);
}

}  // namespace lamina
