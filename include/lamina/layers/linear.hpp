#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include <lamina/kernels/gemm.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/requirement.hpp>

namespace lamina {

struct LinearOptions {
  bool bias = true;
};

/// Fully connected layer: output = input weight + bias, from 1 x 1 x n to 1 x 1 x Outputs. Parameters: weight
/// (n, Outputs) and bias (Outputs), both starting uniform in +-1/sqrt(n). Keeps its input.
template <Index Outputs, LinearOptions Options = LinearOptions{}>
struct Linear {
  static_assert(Outputs > 0);

  static constexpr std::string_view kind = "linear";

  [[nodiscard]] static constexpr Shape output(const Shape& /*input*/) { return {1, 1, Outputs}; }

  template <class At, Shape Input>
  struct Requires : LinearNeedsVector<At, Linear, Shape{1, 1, Input.size()}, Input, Input.pixels() == 1> {};

  template <Shape Input>
  struct Bound : LayerDefaults<Input, output(Input)> {
    static constexpr Index inputs = Input.channels;
    static constexpr auto parameters = [] {
      constexpr Segment weight{.name = "weight",
                               .dims = {inputs, Outputs},
                               .rank = 2,
                               .initialization = Initialization::fan_in_uniform,
                               .fan_in = inputs};
      constexpr Segment bias{
          .name = "bias", .dims = {Outputs}, .initialization = Initialization::fan_in_uniform, .fan_in = inputs};
      if constexpr (Options.bias) {
        return std::array{weight, bias};
      } else {
        return std::array{weight};
      }
    }();
    static constexpr bool needs_input = true;
    static constexpr Index multiply_adds = inputs * Outputs;

    template <class T>
    static constexpr Index scratch(Index batch, Index /*threads*/) {
      constexpr Index padded = kernels::Tiling<T, Outputs>::padded;
      const Index forward = kernels::packed_size<T, inputs, Outputs> + padded;
      const Index backward = std::max(kernels::packed_size<T, Outputs, inputs>, batch * padded + inputs * padded);
      return std::max(forward, backward);
    }

    template <class T>
    static void forward(const Forward<T>& pass) {
      T* const packed = pass.scratch;
      T* const bias = packed + kernels::packed_size<T, inputs, Outputs>;
      kernels::pack_panels<T, inputs, Outputs>(pass.parameters, Outputs, 1, packed);
      std::fill_n(bias, kernels::Tiling<T, Outputs>::padded, T{0});
      if constexpr (Options.bias) std::copy_n(pass.parameters + inputs * Outputs, Outputs, bias);
      pass.team.for_parts(pass.input.batch, [&](Range samples, Index) {
        kernels::product<T, inputs, Outputs>(samples.size(), pass.input.sample(samples.begin), packed, bias,
                                             pass.output.sample(samples.begin));
      });
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      parameter_gradients(pass);
      if (pass.input_gradient.empty()) return;
      kernels::pack_panels<T, Outputs, inputs>(pass.parameters, 1, Outputs, pass.scratch);
      pass.team.for_parts(pass.input.batch, [&](Range samples, Index) {
        kernels::product<T, Outputs, inputs>(samples.size(), pass.output_gradient.sample(samples.begin), pass.scratch,
                                             nullptr, pass.input_gradient.sample(samples.begin));
      });
    }

   private:
    template <class T>
    static void parameter_gradients(const Backward<T>& pass) {
      constexpr Index padded = kernels::Tiling<T, Outputs>::padded;
      const Index batch = pass.input.batch;
      T* const sums = pass.scratch;
      T* const padded_gradients = sums + inputs * padded;
      std::fill_n(sums, inputs * padded, T{0});
      kernels::pad_rows<T, Outputs>(batch, pass.output_gradient.data, padded_gradients);
      kernels::add_outer_products<T, inputs, Outputs>(batch, pass.input.data, padded_gradients, sums);
      for (Index i = 0; i < inputs; ++i) std::copy_n(sums + i * padded, Outputs, pass.gradients + i * Outputs);
      if constexpr (Options.bias) {
        T* const bias_gradient = pass.gradients + inputs * Outputs;
        std::fill_n(bias_gradient, Outputs, T{0});
        for (Index n = 0; n < batch; ++n) {
          for (Index k = 0; k < Outputs; ++k) bias_gradient[k] += pass.output_gradient.sample(n)[k];
        }
      }
    }
  };
};

}  // namespace lamina
