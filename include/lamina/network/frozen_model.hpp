#pragma once

#include <algorithm>
#include <string>

#include <lamina/core/buffer.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/floating_point.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/tensor_checks.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Memory that inference with a FrozenModel needs besides the model, made once for batches of up to `batch` images.
/// @tparam Network  a Sequential that begins with an Image
template <class Network, class T = float>
class FrozenWorkspace {
 public:
  /// @throws ArgumentError when batch < 1
  FrozenWorkspace(Index batch, Team team);

  [[nodiscard]] const Team& team() const { return team_; }
  [[nodiscard]] Index batch() const { return batch_; }
  /// Images that one thread takes through the whole network at a time; 0 where the threads share every image.
  [[nodiscard]] Index chunk() const { return chunk_; }
  /// The memory of a thread that takes a chunk, and how it is laid out.
  [[nodiscard]] T* memory(Index thread) { return memory_.data() + thread * chunk_layout_.size; }
  [[nodiscard]] const engine::Layout& chunk_layout() const { return chunk_layout_; }
  /// The same for images that all threads share.
  [[nodiscard]] T* memory() { return memory_.data(); }
  [[nodiscard]] const engine::Layout& layout() const { return layout_; }
  [[nodiscard]] TensorView<T> output(Index count) { return output_.view().samples(0, count); }

 private:
  FrozenWorkspace(Index batch, Team team, const engine::Engine<T>& engine)
      : team_(team),
        batch_((require(batch > 0, "the batch size must be positive, got " + std::to_string(batch)), batch)),
        chunk_(engine::chunk_of(*engine.program, batch, team.threads())),
        chunk_layout_(engine.layout(*engine.program, engine::Mode::inference, std::max<Index>(chunk_, 1), 1)),
        layout_(engine.layout(*engine.program, engine::Mode::inference,
                              chunk_ == 0 ? batch : std::min<Index>(batch, team.threads()), team.threads())),
        memory_(std::max(chunk_ == 0 ? 0 : team.threads() * chunk_layout_.size, layout_.size)),
        output_(batch, Network::output_shape) {}

  Team team_;
  Index batch_;
  Index chunk_;
  engine::Layout chunk_layout_;
  engine::Layout layout_;
  Buffer<T> memory_;
  Tensor<T> output_;
};

/// A network for inference alone: batch norms are folded into the convolutions before them (Jacob et al. 2018, section
/// 3.2, without the quantisation) and the weights are in the form that the kernels compute with. Large batches are
/// split between the threads, each of which takes some images at a time through the whole network, so that activations
/// stay in its caches; a batch smaller than the team, or a network whose weights are large, is computed layer by layer,
/// the threads sharing each. Agrees with Model::infer up to rounding; its own results have the same bits on any team. A
/// layer of many channels and few pixels may be computed in another way in a small batch than in a large one.
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
    const Index chunk = workspace.chunk();
    if (chunk == 0 || images.batch < workspace.team().threads()) {
      infer(workspace.layout(), workspace.team(), workspace.memory(), images, output, images.batch);
      return output;
    }
    const Team alone(1);
    workspace.team().for_each((images.batch + chunk - 1) / chunk, [&](Index task, Index thread) {
      const Index first = task * chunk;
      const Index count = std::min(chunk, images.batch - first);
      infer(workspace.chunk_layout(), alone, workspace.memory(thread), images.samples(first, count),
            output.samples(first, count), images.batch);
    });
    return output;
  }

 private:
  void infer(const engine::Layout& layout, const Team& team, T* memory, const TensorView<const T>& images,
             const TensorView<T>& output, Index whole_batch) const {
    engine_.forward(*engine_.program, layout,
                    {.team = team,
                     .parameters = parameters_.data(),
                     .statistics = statistics_.data(),
                     .memory = memory,
                     .input = images,
                     .output = output},
                    {.frozen = frozen_.data(), .whole_batch = whole_batch});
  }

  engine::Engine<T> engine_;
  Buffer<T> parameters_;
  Buffer<T> statistics_;
  Buffer<T> frozen_;
};

// As in workspace.hpp, no inline functions: what compiles the network's kernels.

template <class Network, class T>
FrozenWorkspace<Network, T>::FrozenWorkspace(Index batch, Team team)
    : FrozenWorkspace(batch, team, engine::inference_engine<Network, T, Fusion::full>()) {}

template <class Network, class T>
FrozenModel<Network, T>::FrozenModel(const Model<Network, T>& model)
    : engine_(engine::inference_engine<Network, T, Fusion::full>()),
      parameters_(Network::parameter_count),
      statistics_(Network::statistics_count),
      frozen_(engine::frozen_size(*engine_.program)) {
  std::copy(model.parameters().begin(), model.parameters().end(), parameters_.begin());
  std::copy(model.statistics().begin(), model.statistics().end(), statistics_.begin());
  engine::freeze(*engine_.program, parameters_.data(), statistics_.data(), frozen_.data());
}

/// Converts a trained model for inference.
template <class Network, class T>
[[nodiscard]] FrozenModel<Network, T> freeze(const Model<Network, T>& model) {
  return FrozenModel<Network, T>(model);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
