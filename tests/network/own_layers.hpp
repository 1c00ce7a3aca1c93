#pragma once

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

#include <lamina/layers/layer.hpp>

/// @file
/// Layers as a user may write them, which the engine runs by their definition. Between them they use all that a layer
/// can ask for, and they insist on what they are promised: whole tensors, without gaps.

namespace lamina::test {

template <class... Views>
void require_dense(const Views&... views) {
  if (!(views.dense() && ...)) throw std::logic_error("a layer was given a slice");
}

/// y = x^2 gain / 4 + mean, each channel with a gain of its own, and the mean a running one of its input. It keeps x
/// for backward itself.
struct Gain : KeepsShape {
  static constexpr std::string_view kind = "gain";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    static constexpr bool keeps_channels = true;
    static constexpr std::array parameters{
        Segment{.name = "weight", .dims = {Input.channels}, .initialization = Initialization::one, .input_axis = 0}};
    static constexpr std::array statistics{Segment{.name = "running_mean", .dims = {Input.channels}, .input_axis = 0}};
    template <class T>
    static constexpr Index saved(Index batch) {
      return batch * Input.size();
    }
    template <class T>
    static constexpr Index scratch(Index batch, Index /*threads*/) {
      return batch * Input.size();
    }

    template <class T>
    static void forward(const Forward<T>& pass) {
      require_dense(pass.input, pass.output);
      const auto x = pass.input.matrix().array();
      auto squares = as_matrix(pass.scratch, pass.input.pixels(), Input.channels);
      squares = x.square().matrix();
      const auto gain = as_row(pass.parameters, Input.channels).array();
      pass.output.matrix() = (squares.array().rowwise() * (gain / 4)).matrix();
      pass.output.matrix().rowwise() += as_row(pass.statistics, Input.channels);
      if (!pass.training) return;
      std::copy_n(pass.input.data, pass.input.size(), pass.saved);
      as_row(pass.updated_statistics, Input.channels) += x.colwise().mean().matrix() / 2;
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      require_dense(pass.output_gradient, pass.input_gradient);
      const auto x = as_matrix(pass.saved, pass.output_gradient.pixels(), Input.channels).array();
      const auto dy = pass.output_gradient.matrix().array();
      auto products = as_matrix(pass.scratch, pass.output_gradient.pixels(), Input.channels);
      products = (dy * x.square() / 4).matrix();
      as_row(pass.gradients, Input.channels) = products.colwise().sum();
      if (pass.input_gradient.empty()) return;
      const auto gain = as_row(pass.parameters, Input.channels).array();
      pass.input_gradient.matrix() = ((dy * x / 2).rowwise() * gain).matrix();
    }
  };
};

/// y = exp(x / 4), whose derivative is a function of the output.
struct Exponential : KeepsShape {
  static constexpr std::string_view kind = "exponential";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    static constexpr bool needs_output = true;

    template <class T>
    static void forward(const Forward<T>& pass) {
      require_dense(pass.input, pass.output);
      pass.output.matrix() = (pass.input.matrix().array() / 4).exp().matrix();
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      require_dense(pass.output, pass.output_gradient, pass.input_gradient);
      pass.input_gradient.matrix() =
          (pass.output_gradient.matrix().array() * pass.output.matrix().array() / 4).matrix();
    }
  };
};

}  // namespace lamina::test
