#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <lamina/core/buffer.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/floating_point.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/segment.hpp>
#include <lamina/network/initialization.hpp>
#include <lamina/network/tensor_checks.hpp>
#include <lamina/network/workspace.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A network's state: flat arrays of parameters, gradients and running statistics, described by Network::parameters and
/// Network::statistics. Copies are independent.
/// @tparam Network  a Sequential that begins with an Image
template <class Network, class T = float>
class Model {
 public:
  using Scalar = T;
  using Training = TrainingWorkspace<Network, T>;
  using Inference = InferenceWorkspace<Network, T>;

  /// Initial parameters are a function of the seed, the scheme and the network.
  explicit Model(std::uint64_t seed = 0, InitializationScheme scheme = InitializationScheme::fan_in_uniform)
      : parameters_(Network::parameter_count),
        gradients_(Network::parameter_count),
        statistics_(Network::statistics_count) {
    initialize(Network::parameters, scheme, seed, parameters_.span());
    initialize(Network::statistics, scheme, seed, statistics_.span());
  }

  /// What the parameters are, for optimisers.
  [[nodiscard]] static constexpr std::span<const Segment> parameter_tensors() { return Network::parameters; }
  [[nodiscard]] std::span<T> parameters() { return parameters_.span(); }
  [[nodiscard]] std::span<const T> parameters() const { return parameters_.span(); }
  /// Gradients of the last backward().
  [[nodiscard]] std::span<T> gradients() { return gradients_.span(); }
  [[nodiscard]] std::span<const T> gradients() const { return gradients_.span(); }
  [[nodiscard]] std::span<T> statistics() { return statistics_.span(); }
  [[nodiscard]] std::span<const T> statistics() const { return statistics_.span(); }

  /// Training forward pass: batch statistics, dropout. `images` must live until backward(). Returns the output, which
  /// lives in the workspace until its next use.
  /// @throws ArgumentError when the images do not fit the network or the workspace, and for one image where a batch
  /// norm
  ///         would read one value a channel of it
  TensorView<const T> forward(Training& workspace, TensorView<const T> images, RandomPosition random = {}) {
    check_images<Network>(workspace.batch(), images);
    check_training_batch<Network>(images.batch);
    const FlushSubnormals scope;
    const TensorView<T> output = workspace.output(images.batch);
    const auto& engine = workspace.engine();
    engine.forward(*engine.program, workspace.layout(), run_memory(workspace, images, output),
                   {.training = true, .random = random, .updated_statistics = statistics_.data()});
    workspace.remember_forward(images.batch);
    return output;
  }

  /// Writes gradients() for the last forward() on this workspace, with the same images and random position, given the
  /// gradient of the loss with respect to the output.
  /// @param input_gradient  where the gradient with respect to the images goes; empty when it is not wanted
  /// @throws ArgumentError when the images are not as many as in forward(), or a gradient does not fit them
  void backward(Training& workspace, TensorView<const T> images, TensorView<const T> output_gradient,
                RandomPosition random = {}, TensorView<T> input_gradient = {}) {
    check_backward(workspace, images, output_gradient, input_gradient);
    const FlushSubnormals scope;
    const auto& engine = workspace.engine();
    engine.backward(*engine.program, workspace.layout(), run_memory(workspace, images, workspace.output(images.batch)),
                    {.random = random,
                     .gradients = gradients_.data(),
                     .output_gradient = output_gradient,
                     .input_gradient = input_gradient,
                     .part_squares = workspace.part_squares().empty() ? nullptr : workspace.part_squares().data()});
  }

  /// Adds up the signals of the values that the last forward() on this workspace has left for these images, before
  /// backward().
  /// @throws ArgumentError when the images are not as many as in forward()
  void measure_signals(Training& workspace, TensorView<const T> images, const engine::SignalPass& pass) const {
    check_last_images("measuring signals", workspace, images);
    const FlushSubnormals scope;
    const auto& engine = workspace.engine();
    engine.signals(*engine.program, workspace.layout(), run_memory(workspace, images, workspace.output(images.batch)),
                   pass);
  }

  /// Inference: running statistics, no dropout. Safe from several threads, each with a workspace of its own.
  /// @throws ArgumentError when the images do not fit the network or the workspace
  TensorView<const T> infer(Inference& workspace, TensorView<const T> images) const {
    check_images<Network>(workspace.batch(), images);
    const FlushSubnormals scope;
    const TensorView<T> output = workspace.output(images.batch);
    const auto& engine = workspace.engine();
    engine.forward(*engine.program, workspace.layout(), run_memory(workspace, images, output), {});
    return output;
  }

 private:
  static void check_backward(const Training& workspace, const TensorView<const T>& images,
                             const TensorView<const T>& output_gradient, const TensorView<const T>& input_gradient) {
    check_last_images("backward", workspace, images);
    check_tensor("the gradient of the output", output_gradient, images.batch, Network::output_shape);
    if (input_gradient.empty()) return;
    check_tensor("the gradient of the images", input_gradient, images.batch, Network::input_shape);
  }

  static void check_last_images(const char* what, const Training& workspace, const TensorView<const T>& images) {
    check_images<Network>(workspace.batch(), images);
    if (images.batch == workspace.forward_batch()) return;
    throw ArgumentError(message(what, " takes the images of the last forward on its workspace, which were ",
                                workspace.forward_batch(), ", got ", images.batch));
  }

  template <class Workspace>
  [[nodiscard]] engine::RunMemory<T> run_memory(Workspace& workspace, const TensorView<const T>& images,
                                                const TensorView<T>& output) const {
    return {.team = workspace.team(),
            .parameters = parameters_.data(),
            .statistics = statistics_.data(),
            .memory = workspace.memory(),
            .input = images,
            .output = output};
  }

  Buffer<T> parameters_;
  Buffer<T> gradients_;
  Buffer<T> statistics_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
