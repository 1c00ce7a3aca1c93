#pragma once

#include <algorithm>

#include <lamina/core/tensor.hpp>
#include <lamina/kernels/gemm.hpp>
#include <lamina/kernels/im2col.hpp>
#include <lamina/kernels/reduction.hpp>

/// @file
/// Convolution as im2col and a matrix product, for any kernel size, stride, padding and dilation. Patches are made for
/// a few output pixels at a time and never leave the cache. Weights are (kernel row, kernel column, input channel,
/// output channel), the slowest first: a matrix of Depth = Kernel * Kernel * Inputs rows and Outputs columns.
/// Passes over activations: forward reads the input and writes the output; backward reads input and output gradient
/// and writes the input gradient.

namespace lamina::kernels {

/// The naive loop that defines convolution; what tests hold the fast versions against. `bias` may be null.
template <class T, Index Inputs, Index Outputs, Index Kernel>
void convolve_naive(const WindowGeometry& geometry, const T* weights, const T* bias, TensorView<const T> input,
                    TensorView<T> output) {
  for (Index n = 0; n < input.batch; ++n) {
    for (Index pixel = 0; pixel < geometry.output.pixels(); ++pixel) {
      for (Index k = 0; k < Outputs; ++k) {
        T sum = bias == nullptr ? T{0} : bias[k];
        detail::for_each_tap<Inputs, Kernel>(geometry, pixel, [&](Index from, Index tap) {
          if (from < 0) return;
          for (Index c = 0; c < Inputs; ++c) sum += input.sample(n)[from + c] * weights[(tap + c) * Outputs + k];
        });
        output.sample(n)[pixel * Outputs + k] = sum;
      }
    }
  }
}

/// Convolution by tiles of im2col patches.
template <class T, Index Inputs, Index Outputs, Index Kernel>
struct Im2colConvolution {
  static constexpr Index depth = Kernel * Kernel * Inputs;
  static constexpr Index padded_outputs = Tiling<T, Outputs>::padded;
  /// Output pixels a tile: its patches take about 96 KiB, some of the second-level cache.
  static constexpr Index tile_pixels =
      std::clamp<Index>(98304 / (depth * static_cast<Index>(sizeof(T))) / 12 * 12, 12, 96);
  static constexpr Index weight_size = depth * padded_outputs;

  /// Values of scratch memory; every part starts on a cache line.
  static constexpr Index forward_scratch(Index threads) {
    return aligned(weight_size) + aligned(padded_outputs) + threads * patch_size;
  }
  static constexpr Index backward_scratch(Index batch, Index threads) {
    return aligned(packed_size<T, Outputs, depth>) + threads * (2 * patch_size + gradient_tile_size) +
           Partition{batch}.parts() * partial_size;
  }

  static void forward(const Team& team, const WindowGeometry& geometry, const T* weights, const T* bias,
                      TensorView<const T> input, TensorView<T> output, T* scratch) {
    T* const packed = scratch;
    T* const padded_bias = packed + aligned(weight_size);
    T* const patches = padded_bias + aligned(padded_outputs);
    pack_panels<T, depth, Outputs>(weights, Outputs, 1, packed);
    std::fill_n(padded_bias, padded_outputs, T{0});
    if (bias != nullptr) std::copy_n(bias, Outputs, padded_bias);
    team.for_parts(input.batch, [&](Range samples, Index thread) {
      T* const tile = patches + thread * patch_size;
      for_each_tile(geometry, samples, [&](Index n, Range pixels) {
        im2col<T, Inputs, Kernel>(geometry, input.sample(n), pixels, tile);
        product<T, depth, Outputs>(pixels.size(), tile, packed, padded_bias, output.sample(n) + pixels.begin * Outputs);
      });
    });
  }

  /// `bias_gradient` may be null, `input_gradient` empty.
  static void backward(const Team& team, const WindowGeometry& geometry, const T* weights, TensorView<const T> input,
                       TensorView<const T> output_gradient, TensorView<T> input_gradient, T* weight_gradient,
                       T* bias_gradient, T* scratch) {
    T* const transposed = scratch;
    T* const tiles = transposed + aligned(packed_size<T, Outputs, depth>);
    T* const partial = tiles + team.threads() * (2 * patch_size + gradient_tile_size);
    if (!input_gradient.empty()) pack_panels<T, Outputs, depth>(weights, 1, Outputs, transposed);
    const Partition partition{input.batch};
    team.for_each(partition.parts(), [&](Index part, Index thread) {
      T* const patches = tiles + thread * (2 * patch_size + gradient_tile_size);
      T* const patch_gradients = patches + patch_size;
      T* const padded_gradients = patch_gradients + patch_size;
      T* const sums = partial + part * partial_size;
      std::fill_n(sums, partial_size, T{0});
      for_each_tile(geometry, partition[part], [&](Index n, Range pixels) {
        const T* const gradients = output_gradient.sample(n) + pixels.begin * Outputs;
        im2col<T, Inputs, Kernel>(geometry, input.sample(n), pixels, patches);
        add_weight_gradients(pixels.size(), patches, gradients, padded_gradients, sums);
        if (bias_gradient != nullptr) add_rows(pixels.size(), gradients, sums + weight_size);
        if (input_gradient.empty()) return;
        if (pixels.begin == 0) std::fill_n(input_gradient.sample(n), geometry.input.size(), T{0});
        product<T, Outputs, depth>(pixels.size(), gradients, transposed, nullptr, patch_gradients);
        add_col2im<T, Inputs, Kernel>(geometry, patch_gradients, pixels, input_gradient.sample(n));
      });
    });
    sum_partial(team, partition.parts(), partial, weight_gradient, bias_gradient);
  }

 private:
  static constexpr Index aligned(Index size) { return round_up(size, static_cast<Index>(kAlignment / sizeof(T))); }
  static constexpr Index patch_size = aligned(tile_pixels * depth);
  static constexpr Index gradient_tile_size = aligned(tile_pixels * padded_outputs);
  static constexpr Index partial_size = aligned(weight_size + Outputs);

  template <class Tile>
  static void for_each_tile(const WindowGeometry& geometry, Range samples, const Tile& tile) {
    const Index pixels = geometry.output.pixels();
    for (Index n = samples.begin; n < samples.end; ++n) {
      for (Index first = 0; first < pixels; first += tile_pixels) {
        tile(n, Range{first, std::min(first + tile_pixels, pixels)});
      }
    }
  }

  static void add_weight_gradients(Index pixels, const T* patches, const T* gradients, T* padded, T* sums) {
    if constexpr (padded_outputs == Outputs) {
      add_outer_products<T, depth, Outputs>(pixels, patches, gradients, sums);
    } else {
      pad_rows<T, Outputs>(pixels, gradients, padded);
      add_outer_products<T, depth, Outputs>(pixels, patches, padded, sums);
    }
  }

  static void add_rows(Index rows, const T* values, T* sums) {
    for (Index row = 0; row < rows; ++row) {
      for (Index k = 0; k < Outputs; ++k) sums[k] += values[row * Outputs + k];
    }
  }

  static void sum_partial(const Team& team, Index parts, const T* partial, T* weight_gradient, T* bias_gradient) {
    team.for_parts(depth, [&](Range rows, Index) {
      for (Index row = rows.begin; row < rows.end; ++row) {
        T* const result = weight_gradient + row * Outputs;
        std::fill_n(result, Outputs, T{0});
        for (Index part = 0; part < parts; ++part) {
          add_rows(1, partial + part * partial_size + row * padded_outputs, result);
        }
      }
    });
    if (bias_gradient == nullptr) return;
    std::fill_n(bias_gradient, Outputs, T{0});
    for (Index part = 0; part < parts; ++part) add_rows(1, partial + part * partial_size + weight_size, bias_gradient);
  }
};

}  // namespace lamina::kernels
