#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/convolution_shape.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/patches.hpp>
#include <lamina/layers/requirement.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// How a convolution's window moves; padding is by zeros.
struct ConvOptions {
  /// Padding that keeps the image's size at stride 1 with an odd kernel: dilation * (kernel - 1) / 2.
  static constexpr Index same = -1;

  Index stride = 1;
  Index padding = same;
  Index dilation = 1;
  Index groups =
      1;  ///< the channels are cut into so many groups, each convolved on its own; as many as channels: depthwise
  bool bias = true;
  ConvAlgorithm algorithm = ConvAlgorithm::automatic;
};

/// Two-dimensional convolution (cross-correlation, as in every deep-learning library):
///
///     output(y, x, k) = bias(k) + sum over i, j, c of
///                       weight(i, j, c, k) input(y stride - padding + i dilation, x stride - padding + j dilation, c)
///
/// With groups, filter k sums over the channels of its own group only. Parameters: weight (Kernel, Kernel, input
/// channels of a group, Filters) and bias (Filters), both starting uniform in +-1/sqrt(Kernel^2 input channels of a
/// group).
template <Index Filters, Index Kernel, ConvOptions Options = ConvOptions{}>
struct Conv2d {
  static_assert(Filters > 0 && Kernel > 0 && Options.stride > 0 && Options.dilation > 0 && Options.groups > 0);
  static_assert(Filters % Options.groups == 0, "Lamina: the groups of a convolution must divide its filters");

  static constexpr std::string_view kind = "conv";
  static constexpr kernels::Window window{
      .kernel = Kernel,
      .stride = Options.stride,
      .padding = Options.padding == ConvOptions::same ? Options.dilation * (Kernel - 1) / 2 : Options.padding,
      .dilation = Options.dilation};

  /// Side of the smallest image that the window fits into.
  static constexpr Index smallest = std::max<Index>(1, window.extent() - 2 * window.padding);

  [[nodiscard]] static constexpr Shape output(const Shape& input) {
    return {window.positions(input.height), window.positions(input.width), Filters};
  }

  /// The next larger number of channels that the groups divide.
  [[nodiscard]] static constexpr Index divisible(Index channels) {
    return (channels + Options.groups - 1) / Options.groups * Options.groups;
  }

  template <class At, Shape Input>
  struct Requires : WindowFitsInput<At, Conv2d, Shape{smallest, smallest, Input.channels}, Input,
                                    (Input.height >= smallest && Input.width >= smallest)>,
                    GroupsDivideChannels<At, Conv2d, Shape{Input.height, Input.width, divisible(Input.channels)}, Input,
                                         Input.channels % Options.groups == 0> {};

  template <Shape Input>
  struct Bound : LayerDefaults<Input, output(Input)> {
    using LayerDefaults<Input, output(Input)>::output_shape;
    static constexpr LayerRole role = LayerRole::convolution;
    static constexpr bool keeps_channels = false;
    static constexpr kernels::ConvolutionShape convolution{{window, Input, output(Input)}, Options.groups};
    static constexpr bool bias = Options.bias;
    static constexpr auto parameters = [] {
      constexpr Index channels = Input.channels / Options.groups;
      constexpr Index fan_in = Kernel * Kernel * channels;
      constexpr Segment weight{.name = "weight",
                               .dims = {Kernel, Kernel, channels, Filters},
                               .rank = 4,
                               .initialization = Initialization::fan_in_uniform,
                               .fan_in = fan_in,
                               .file_axes = {3, 2, 0, 1},
                               .input_axis = Options.groups == 1 ? 2 : Segment::kNoAxis};
      constexpr Segment bias_segment{.name = "bias",
                                     .dims = {Filters},
                                     .initialization = Initialization::fan_in_uniform,
                                     .fan_in = fan_in,
                                     .input_axis = Segment::kNoAxis};
      if constexpr (Options.bias) {
        return std::array{weight, bias_segment};
      } else {
        return std::array{weight};
      }
    }();
    static constexpr Index multiply_adds = output_shape.pixels() * convolution.weight_size();

    /// What `automatic` stands for with this input.
    static constexpr ConvAlgorithm algorithm = [] {
      constexpr bool winograd = Kernel == 3 && Options.stride == 1 && Options.dilation == 1 && Options.groups == 1;
      constexpr bool depthwise = Options.groups > 1 && Options.groups == Input.channels && Options.groups == Filters;
      static_assert(winograd || Options.algorithm != ConvAlgorithm::winograd,
                    "Lamina: Winograd needs kernel 3, stride 1, dilation 1 and one group");
      static_assert(depthwise || Options.algorithm != ConvAlgorithm::depthwise,
                    "Lamina: a depthwise convolution has as many groups as input channels and as filters");
      if (Options.algorithm != ConvAlgorithm::automatic) return Options.algorithm;
      // 36 products replace the 9 * 16 of a whole tile of 4 x 4 pixels.
      constexpr Index tiles = ((output_shape.height + 3) / 4) * ((output_shape.width + 3) / 4);
      constexpr bool saves = 3 * 36 * tiles <= 2 * 9 * output_shape.pixels() && Input.channels >= 8 && Filters >= 8;
      return depthwise ? ConvAlgorithm::depthwise : winograd && saves ? ConvAlgorithm::winograd : ConvAlgorithm::im2col;
    }();

    /// For each image and group: patches (pixels x depth) times weights (depth x filters of the group).
    template <class T>
    static void forward(const Forward<T>& pass) {
      for_each_group(pass.input, pass.output, [&](const auto& image, const auto& output, Index first) {
        output.matrix() = detail::patches<T>(convolution.geometry, image) *
                          weights(pass.parameters).middleCols(first, output.shape.channels);
      });
      if constexpr (bias)
        pass.output.matrix().rowwise() += as_row(pass.parameters + convolution.weight_size(), Filters);
    }

    /// dW = sum over images of patches' dY, db = sum of dY's rows, dX = the patches' gradients dY W' added up.
    template <class T>
    static void backward(const Backward<T>& pass) {
      auto gradients = as_matrix(pass.gradients, convolution.depth(), Filters);
      gradients.setZero();
      for_each_group(pass.input, pass.output_gradient, [&](const auto& image, const auto& gradient, Index first) {
        gradients.middleCols(first, gradient.shape.channels) +=
            detail::patches<T>(convolution.geometry, image).transpose() * gradient.matrix();
      });
      if constexpr (bias) {
        as_row(pass.gradients + convolution.weight_size(), Filters) = pass.output_gradient.matrix().colwise().sum();
      }
      if (pass.input_gradient.empty()) return;
      pass.input_gradient.matrix().setZero();
      for_each_group(
          pass.input_gradient, pass.output_gradient, [&](const auto& image, const auto& gradient, Index first) {
            const Matrix<T> rows =
                gradient.matrix() * weights(pass.parameters).middleCols(first, gradient.shape.channels).transpose();
            detail::add_patches<T>(convolution.geometry, rows, image);
          });
    }

   private:
    template <class T>
    static MatrixMap<const T> weights(const T* values) {
      return as_matrix(values, convolution.depth(), Filters);
    }

    /// Calls body(input channels, output channels, first output channel) for each image and group.
    template <class From, class To, class Body>
    static void for_each_group(const From& input, const To& output, const Body& body) {
      constexpr Index inputs = Input.channels / Options.groups;
      constexpr Index outputs = Filters / Options.groups;
      for (Index n = 0; n < input.batch; ++n) {
        for (Index group = 0; group < Options.groups; ++group) {
          body(input.samples(n, 1).channels(group * inputs, inputs),
               output.samples(n, 1).channels(group * outputs, outputs), group * outputs);
        }
      }
    }
  };
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
