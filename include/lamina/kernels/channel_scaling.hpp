#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/kernels/pooling_pass.hpp>

/// @file
/// The product of a tensor with one factor a channel of each sample (Hu, Shen and Sun 2018). Runs of pixels are
/// materialized, multiplied and put through the epilogue while they are in the cache.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// What forward of a channel scaling reads and writes.
template <class T>
struct ChannelScalingForward {
  const Team& team;
  T* scratch = nullptr;
  Expression<T> input{};
  TensorView<T> kept_input{};     ///< where the input's value goes; empty where nobody else needs it
  TensorView<const T> factors{};  ///< a pixel a sample
  TensorView<T> output{};
  Expression<T> epilogue{};  ///< an addition and an activation; its raw tensor is not read
};

/// What backward of a channel scaling reads and writes.
template <class T>
struct ChannelScalingBackward {
  const Team& team;
  T* scratch = nullptr;
  Expression<T> input{};  ///< of forward, a tensor in memory where its value was kept
  TensorView<const T> factors{};
  GradientExpression<T> output_gradient{};  ///< in front of the epilogue
  TensorView<T> factor_gradient{};          ///< to overwrite
  GradientEpilogue<T> input_gradient{};
};

/// Scratch is counted in values of T.
template <class T>
class ChannelScaling {
 public:
  static constexpr Index forward_scratch(const Shape& shape, Index threads) { return threads * run_size(shape); }
  static constexpr Index backward_scratch(const Shape& shape, Index batch, Index threads) {
    return Partition{batch}.parts() * detail::epilogue_sums_size<T>(shape.channels) + threads * 3 * run_size(shape);
  }

  static void forward(const ChannelScalingForward<T>& pass) {
    const Shape shape = pass.output.shape;
    Expression<T> epilogue = pass.epilogue;
    epilogue.raw = pass.output;
    pass.team.for_parts(pass.output.batch, [&](Range samples, Index thread) {
      T* const buffer = pass.scratch + thread * run_size(shape);
      for (Index n = samples.begin; n < samples.end; ++n) {
        detail::for_pixel_runs(n * shape.pixels(), shape.pixels(), [&](Index first, Index count) {
          const auto from = detail::pixels_of(pass.input, first, count, pass.kept_input, buffer);
          T* const to = pass.output.data + first * pass.output.stride;
          multiply(count, from, pass.factors.sample(n), {to, pass.output.stride}, shape.channels);
          if (!epilogue.identity()) materialize(epilogue, first, count, to, pass.output.stride);
        });
      }
    });
  }

  /// The gradient of a factor is the sum over the pixels of output_gradient x input, that of the input output_gradient
  /// x factor.
  static void backward(const ChannelScalingBackward<T>& pass) {
    const Shape shape = pass.output_gradient.gradient.shape;
    const Partition partition{pass.factor_gradient.batch};
    const Index size = detail::epilogue_sums_size<T>(shape.channels);
    T* const threads = pass.scratch + partition.parts() * size;
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      T* const sums = pass.scratch + part * size;
      std::fill_n(sums, size, T{0});
      for (Index n = partition[part].begin; n < partition[part].end; ++n) {
        backward_sample(pass, n, threads + thread * 3 * run_size(shape), sums);
      }
    });
    if (!pass.input_gradient.wanted()) return;
    write_norm_gradients<T>(pass.team, pass.input_gradient, {pass.scratch, partition.parts(), size});
  }

 private:
  static constexpr Index run_size(const Shape& shape) { return detail::kPixelRun * whole_lines<T>(shape.channels); }

  static void multiply(Index count, PixelRows<const T> from, const T* factors, PixelRows<T> to, Index channels) {
    for_channel_vectors<T>(channels, [&]<Index Lanes>(Index c) {
      const Vector<T, Lanes> factor = load<T, Lanes>(factors + c);
      for (Index i = 0; i < count; ++i) {
        store<T, Lanes>(to.data + i * to.stride + c, load<T, Lanes>(from.data + i * from.stride + c) * factor);
      }
    });
  }

  /// sums[c] += sum over pixels of a b.
  static void add_products(Index count, PixelRows<const T> a, PixelRows<const T> b, Index channels, T* sums) {
    for_channel_vectors<T>(channels, [&]<Index Lanes>(Index c) {
      Vector<T, Lanes> sum = load<T, Lanes>(sums + c);
      for (Index i = 0; i < count; ++i) {
        sum = multiply_add<T, Lanes>(load<T, Lanes>(a.data + i * a.stride + c),
                                     load<T, Lanes>(b.data + i * b.stride + c), sum);
      }
      store<T, Lanes>(sums + c, sum);
    });
  }

  static void backward_sample(const ChannelScalingBackward<T>& pass, Index n, T* buffers, T* sums) {
    const Shape shape = pass.output_gradient.gradient.shape;
    T* const factor_gradient = pass.factor_gradient.sample(n);
    std::fill_n(factor_gradient, shape.channels, T{0});
    detail::for_pixel_runs(n * shape.pixels(), shape.pixels(), [&](Index first, Index count) {
      const auto gradient = detail::pixels_of(pass.output_gradient, first, count, buffers);
      const auto value = detail::pixels_of(pass.input, first, count, {}, buffers + run_size(shape));
      add_products(count, gradient, value, shape.channels, factor_gradient);
      if (!pass.input_gradient.wanted()) return;
      const auto to = detail::gradients_of(pass.input_gradient, first, buffers + 2 * run_size(shape));
      multiply(count, gradient, pass.factors.sample(n), to, shape.channels);
      if (pass.input_gradient.identity()) return;
      apply_epilogue(pass.input_gradient, {first, first + count}, to, sums);
    });
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
