#pragma once

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

/// All memory that training a network needs besides the model, made once for batches of up to `batch` samples.
/// @tparam Network  a Sequential that begins with an Image
template <class Network, class T = float>
class TrainingWorkspace {
 public:
  /// @throws ArgumentError when batch < 1
  TrainingWorkspace(Index batch, Team team, Execution execution = Execution::fused)
      : team_(team),
        execution_(execution),
        batch_((require(batch > 0, "the batch size must be positive, got " + std::to_string(batch)), batch)),
        saved_(execution == Execution::fused ? FusedTraining<Network, T>::saved(batch)
                                             : Network::template saved<T>(batch)),
        scratch_(execution == Execution::fused ? FusedTraining<Network, T>::scratch(batch, team.threads())
                                               : Network::template scratch<T>(batch, team.threads())),
        output_(batch, Network::output_shape),
        output_gradient_(batch, Network::output_shape) {}

  [[nodiscard]] const Team& team() const { return team_; }
  [[nodiscard]] Execution execution() const { return execution_; }
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
  Team team_;
  Execution execution_;
  Index batch_;
  Buffer<T> saved_;
  Buffer<T> scratch_;
  Tensor<T> output_;
  Tensor<T> output_gradient_;
};

/// All memory that inference needs besides the model: two activations and scratch.
template <class Network, class T = float>
class InferenceWorkspace {
 public:
  /// @throws ArgumentError when batch < 1
  InferenceWorkspace(Index batch, Team team, Execution execution = Execution::fused)
      : team_(team),
        execution_(execution),
        batch_((require(batch > 0, "the batch size must be positive, got " + std::to_string(batch)), batch)),
        scratch_(execution == Execution::fused ? FusedInference<Network, T>::scratch(batch, team.threads())
                                               : Network::template scratch<T>(batch, team.threads())),
        output_(batch, Network::output_shape) {}

  [[nodiscard]] const Team& team() const { return team_; }
  [[nodiscard]] Execution execution() const { return execution_; }
  [[nodiscard]] Index batch() const { return batch_; }
  [[nodiscard]] T* scratch() { return scratch_.data(); }
  [[nodiscard]] TensorView<T> output(Index count) { return output_.view().samples(0, count); }

 private:
  Team team_;
  Execution execution_;
  Index batch_;
  Buffer<T> scratch_;
  Tensor<T> output_;
};

}  // namespace lamina
