#pragma once

#include <span>
#include <string>

#include <lamina/core/buffer.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/engine/engine.hpp>
#include <lamina/kernels/part_squares.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

using engine::Fusion;

/// All memory that training a network needs besides the model, made once for batches of up to `batch` samples.
/// @tparam Network  a Sequential that begins with an Image
template <class Network, class T = float>
class TrainingWorkspace {
 public:
  /// @throws ArgumentError when batch < 1
  TrainingWorkspace(Index batch, Team team);
  /// @param fusion  none for every operation in passes of its own: slower, for comparison
  TrainingWorkspace(Index batch, Team team, Fusion fusion);

  [[nodiscard]] const Team& team() const { return team_; }
  [[nodiscard]] Index batch() const { return batch_; }
  [[nodiscard]] const engine::Engine<T>& engine() const { return engine_; }
  [[nodiscard]] const engine::Layout& layout() const { return layout_; }
  [[nodiscard]] T* memory() { return memory_.data(); }
  /// How many images the last training forward pass on it took; 0 before the first.
  [[nodiscard]] Index forward_batch() const { return forward_batch_; }
  void remember_forward(Index images) { forward_batch_ = images; }
  /// Where Model::backward() leaves how long the parts' contributions to the weights' gradients are, one for each of
  /// engine().program->operations; empty where nobody asks.
  [[nodiscard]] std::span<kernels::PartSquares> part_squares() const { return part_squares_; }
  void set_part_squares(std::span<kernels::PartSquares> squares) { part_squares_ = squares; }
  /// Bytes it holds.
  [[nodiscard]] Index bytes() const { return (memory_.size() + 2 * output_.size()) * static_cast<Index>(sizeof(T)); }
  /// Bytes that one for such batches would hold.
  /// @throws ArgumentError when batch < 1
  [[nodiscard]] static Index bytes_for(Index batch, const Team& team);
  /// The network's output for the first `count` samples, and memory for the loss's gradient of the same shape.
  [[nodiscard]] TensorView<T> output(Index count) { return output_.view().samples(0, count); }
  [[nodiscard]] TensorView<T> output_gradient(Index count) { return output_gradient_.view().samples(0, count); }

 private:
  [[gnu::cold]] TrainingWorkspace(Index batch, Team team, const engine::Engine<T>& engine)
      : team_(team),
        batch_((require(batch > 0, "the batch size must be positive, got ", batch), batch)),
        engine_(engine),
        layout_(engine.layout(*engine.program, engine::Mode::training, batch, team.threads())),
        memory_(layout_.size),
        output_(batch, Network::output_shape),
        output_gradient_(batch, Network::output_shape) {}

  Team team_;
  Index batch_;
  engine::Engine<T> engine_;
  engine::Layout layout_;
  Buffer<T> memory_;
  Tensor<T> output_;
  Tensor<T> output_gradient_;
  Index forward_batch_ = 0;
  std::span<kernels::PartSquares> part_squares_{};
};

/// All memory that inference needs besides the model.
template <class Network, class T = float>
class InferenceWorkspace {
 public:
  /// @throws ArgumentError when batch < 1
  InferenceWorkspace(Index batch, Team team);
  InferenceWorkspace(Index batch, Team team, Fusion fusion);

  [[nodiscard]] const Team& team() const { return team_; }
  [[nodiscard]] Index batch() const { return batch_; }
  [[nodiscard]] const engine::Engine<T>& engine() const { return engine_; }
  [[nodiscard]] const engine::Layout& layout() const { return layout_; }
  [[nodiscard]] T* memory() { return memory_.data(); }
  /// Bytes it holds.
  [[nodiscard]] Index bytes() const { return (memory_.size() + output_.size()) * static_cast<Index>(sizeof(T)); }
  /// Bytes that one for such batches would hold.
  /// @throws ArgumentError when batch < 1
  [[nodiscard]] static Index bytes_for(Index batch, const Team& team);
  [[nodiscard]] TensorView<T> output(Index count) { return output_.view().samples(0, count); }

 private:
  [[gnu::cold]] InferenceWorkspace(Index batch, Team team, const engine::Engine<T>& engine)
      : team_(team),
        batch_((require(batch > 0, "the batch size must be positive, got ", batch), batch)),
        engine_(engine),
        layout_(engine.layout(*engine.program, engine::Mode::inference, batch, team.threads())),
        memory_(layout_.size),
        output_(batch, Network::output_shape) {}

  Team team_;
  Index batch_;
  engine::Engine<T> engine_;
  engine::Layout layout_;
  Buffer<T> memory_;
  Tensor<T> output_;
};

// These constructors are where a program begins to compile a network's kernels. They are no inline functions, so that
// an explicit instantiation elsewhere (models/vgg_precompiled.hpp) spares it that: an inline one is compiled
// regardless.

template <class Network, class T>
TrainingWorkspace<Network, T>::TrainingWorkspace(Index batch, Team team)
    : TrainingWorkspace(batch, team, engine::training_engine<Network, T, Fusion::full>()) {}

template <class Network, class T>
TrainingWorkspace<Network, T>::TrainingWorkspace(Index batch, Team team, Fusion fusion)
    : TrainingWorkspace(batch, team,
                        fusion == Fusion::full ? engine::training_engine<Network, T, Fusion::full>()
                                               : engine::training_engine<Network, T, Fusion::none>()) {}

template <class Network, class T>
InferenceWorkspace<Network, T>::InferenceWorkspace(Index batch, Team team)
    : InferenceWorkspace(batch, team, engine::inference_engine<Network, T, Fusion::full>()) {}

template <class Network, class T>
InferenceWorkspace<Network, T>::InferenceWorkspace(Index batch, Team team, Fusion fusion)
    : InferenceWorkspace(batch, team,
                         fusion == Fusion::full ? engine::inference_engine<Network, T, Fusion::full>()
                                                : engine::inference_engine<Network, T, Fusion::none>()) {}

template <class Network, class T>
Index TrainingWorkspace<Network, T>::bytes_for(Index batch, const Team& team) {
  require(batch > 0, "the batch size must be positive, got ", batch);
  const engine::Engine<T> engine = engine::training_engine<Network, T, Fusion::full>();
  const engine::Layout layout = engine.layout(*engine.program, engine::Mode::training, batch, team.threads());
  return (layout.size + 2 * batch * Network::output_shape.size()) * static_cast<Index>(sizeof(T));
}

template <class Network, class T>
Index InferenceWorkspace<Network, T>::bytes_for(Index batch, const Team& team) {
  require(batch > 0, "the batch size must be positive, got ", batch);
  const engine::Engine<T> engine = engine::inference_engine<Network, T, Fusion::full>();
  const engine::Layout layout = engine.layout(*engine.program, engine::Mode::inference, batch, team.threads());
  return (layout.size + batch * Network::output_shape.size()) * static_cast<Index>(sizeof(T));
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
