#pragma once

#include <string>

#include <lamina/core/buffer.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/network/fused_inference.hpp>
#include <lamina/network/fused_training.hpp>

namespace lamina {

/// How a network is run; the results are the same up to rounding.
enum class Execution {
  fused,           ///< batch norm, shortcuts and activations together with the convolutions around them
  layer_by_layer,  ///< each layer on its own: slower, what fused execution is tested against
};

/// What an execution of a network is made of. A program that names no execution compiles the fused one alone.
template <class T>
struct ExecutionPasses {
  void (*forward)(const Forward<T>&);
  void (*backward)(const Backward<T>&);  ///< null in inference
  Index saved = 0;                       ///< values kept from forward to backward
  Index scratch = 0;                     ///< values

  template <class Network>
  [[nodiscard]] static ExecutionPasses fused_training(Index batch, const Team& team) {
    check_batch(batch);
    using Fused = FusedTraining<Network, T>;
    return {&Fused::forward, &Fused::backward, Fused::saved(batch), Fused::scratch(batch, team.threads())};
  }
  template <class Network>
  [[nodiscard]] static ExecutionPasses fused_inference(Index batch, const Team& team) {
    check_batch(batch);
    using Fused = FusedInference<Network, T>;
    return {[](const Forward<T>& pass) { Fused::infer(pass); }, nullptr, 0, Fused::scratch(batch, team.threads())};
  }
  /// For training and inference.
  template <class Network>
  [[nodiscard]] static ExecutionPasses layer_by_layer(Index batch, const Team& team) {
    check_batch(batch);
    return {&Network::template forward<T>, &Network::template backward<T>, Network::template saved<T>(batch),
            Network::template scratch<T>(batch, team.threads())};
  }

 private:
  static void check_batch(Index batch) {
    require(batch > 0, "the batch size must be positive, got " + std::to_string(batch));
  }
};

/// All memory that training a network needs besides the model, made once for batches of up to `batch` samples.
/// @tparam Network  a Sequential that begins with an Image
template <class Network, class T = float>
class TrainingWorkspace {
  using Passes = ExecutionPasses<T>;

 public:
  /// @throws ArgumentError when batch < 1
  TrainingWorkspace(Index batch, Team team);
  TrainingWorkspace(Index batch, Team team, Execution execution);

  [[nodiscard]] const Team& team() const { return team_; }
  [[nodiscard]] const ExecutionPasses<T>& passes() const { return passes_; }
  [[nodiscard]] Index batch() const { return batch_; }
  /// Bytes it holds.
  [[nodiscard]] Index bytes() const {
    return (saved_.size() + scratch_.size() + 2 * output_.size()) * static_cast<Index>(sizeof(T));
  }

  [[nodiscard]] T* saved() { return saved_.data(); }
  [[nodiscard]] T* scratch() { return scratch_.data(); }
  /// The network's output for the first `count` samples, and memory for the loss's gradient of the same shape.
  [[nodiscard]] TensorView<T> output(Index count) { return output_.view().samples(0, count); }
  [[nodiscard]] TensorView<T> output_gradient(Index count) { return output_gradient_.view().samples(0, count); }

 private:
  TrainingWorkspace(Index batch, Team team, const Passes& passes)
      : team_(team),
        batch_(batch),
        passes_(passes),
        saved_(passes.saved),
        scratch_(passes.scratch),
        output_(batch, Network::output_shape),
        output_gradient_(batch, Network::output_shape) {}

  Team team_;
  Index batch_;
  Passes passes_;
  Buffer<T> saved_;
  Buffer<T> scratch_;
  Tensor<T> output_;
  Tensor<T> output_gradient_;
};

/// All memory that inference needs besides the model: two activations and scratch.
template <class Network, class T = float>
class InferenceWorkspace {
  using Passes = ExecutionPasses<T>;

 public:
  /// @throws ArgumentError when batch < 1
  InferenceWorkspace(Index batch, Team team);
  InferenceWorkspace(Index batch, Team team, Execution execution);

  [[nodiscard]] const Team& team() const { return team_; }
  [[nodiscard]] const ExecutionPasses<T>& passes() const { return passes_; }
  [[nodiscard]] Index batch() const { return batch_; }
  [[nodiscard]] T* scratch() { return scratch_.data(); }
  [[nodiscard]] TensorView<T> output(Index count) { return output_.view().samples(0, count); }

 private:
  InferenceWorkspace(Index batch, Team team, const Passes& passes)
      : team_(team), batch_(batch), passes_(passes), scratch_(passes.scratch), output_(batch, Network::output_shape) {}

  Team team_;
  Index batch_;
  Passes passes_;
  Buffer<T> scratch_;
  Tensor<T> output_;
};

// These constructors are where a program begins to compile a network's kernels. They are no inline functions, so that
// an explicit instantiation elsewhere (models/vgg_precompiled.hpp) spares it that: an inline one is compiled
// regardless.

template <class Network, class T>
TrainingWorkspace<Network, T>::TrainingWorkspace(Index batch, Team team)
    : TrainingWorkspace(batch, team, Passes::template fused_training<Network>(batch, team)) {}

template <class Network, class T>
TrainingWorkspace<Network, T>::TrainingWorkspace(Index batch, Team team, Execution execution)
    : TrainingWorkspace(batch, team,
                        execution == Execution::fused ? Passes::template fused_training<Network>(batch, team)
                                                      : Passes::template layer_by_layer<Network>(batch, team)) {}

template <class Network, class T>
InferenceWorkspace<Network, T>::InferenceWorkspace(Index batch, Team team)
    : InferenceWorkspace(batch, team, Passes::template fused_inference<Network>(batch, team)) {}

template <class Network, class T>
InferenceWorkspace<Network, T>::InferenceWorkspace(Index batch, Team team, Execution execution)
    : InferenceWorkspace(batch, team,
                         execution == Execution::fused ? Passes::template fused_inference<Network>(batch, team)
                                                       : Passes::template layer_by_layer<Network>(batch, team)) {}

}  // namespace lamina
