#pragma once

#include <algorithm>

#include <lamina/core/buffer.hpp>
#include <lamina/kernels/deferred.hpp>
#include <lamina/kernels/frame.hpp>
#include <lamina/kernels/gemm.hpp>
#include <lamina/kernels/im2col.hpp>
#include <lamina/kernels/read_ahead.hpp>

/// @file
/// Convolution with any kernel size, stride, padding and dilation as im2col and a matrix product. Patches are made for
/// a few output pixels at a time and never leave the cache. Weights are (kernel row, kernel column, input channel,
/// output channel), the slowest first: a matrix of depth = Kernel * Kernel * Inputs rows and Outputs columns.

namespace lamina::kernels {

template <class T, Index Inputs, Index Outputs, Index Kernel>
struct Im2colConvolution {
  /// Whether the input and the output gradient may be deferred tensors, and `after` is applied.
  static constexpr bool reads_deferred = false;
  static constexpr Index depth = Kernel * Kernel * Inputs;
  static constexpr Index padded_outputs = Tiling<T, Outputs>::padded;
  /// Output pixels a tile: its patches take about 96 KiB, some of the second-level cache.
  static constexpr Index tile_pixels =
      std::clamp<Index>(98304 / (depth * static_cast<Index>(sizeof(T))) / 12 * 12, 12, 96);

 private:
  static constexpr Index aligned(Index size) { return round_up(size, static_cast<Index>(kAlignment / sizeof(T))); }
  static constexpr Index sums_size = aligned(depth * padded_outputs);
  static constexpr Index patch_size = aligned(tile_pixels * depth);
  static constexpr Index gradient_tile_size = aligned(tile_pixels * padded_outputs);

 public:
  /// Values of the prepared weights, the larger of the two directions.
  static constexpr Index prepared_size =
      aligned(std::max(packed_size<T, depth, Outputs>, packed_size<T, Outputs, depth>));
  /// Values of scratch memory a thread; in backward it begins with the weight gradients' sums.
  static constexpr Index forward_scratch = patch_size;
  static constexpr Index backward_scratch = sums_size + 2 * patch_size + gradient_tile_size;

  static void prepare_forward(const T* weights, T* prepared) {
    pack_panels<T, depth, Outputs>(weights, Outputs, 1, prepared);
  }

  static void prepare_backward(const T* weights, T* prepared) {
    pack_panels<T, Outputs, depth>(weights, 1, Outputs, prepared);
  }

  /// The frame of an image's input gradient: none.
  [[nodiscard]] static constexpr Frame gradient_frame(const WindowGeometry& geometry) {
    return Frame::of(geometry.input);
  }

  /// Output of a share of the first `images` images of the input, which is plain. `bias` has padded_outputs values.
  static void forward(const WindowGeometry& geometry, Index images, Share share, const Deferred<T>& input,
                      const T* prepared, const T* bias, const Deferred<T>& /*after*/, T* output, T* scratch,
                      ReadAhead<T> /*ahead*/) {
    for_each_tile(geometry, images, share, [&](Index n, Range pixels) {
      im2col<T, Inputs, Kernel>(geometry, input.raw.sample(n), pixels, scratch);
      product<T, depth, Outputs>(pixels.size(), scratch, prepared, bias,
                                 output + n * geometry.output.size() + pixels.begin * Outputs);
    });
  }

  /// Sets the sums of weight gradients in a thread's scratch to zero.
  static void clear_gradients(T* scratch) { std::fill_n(scratch, sums_size, T{0}); }

  /// Adds the weight gradients of the first `images` images to the sums in scratch and writes their input gradients,
  /// one after the other, unless null. Input and output gradient are plain.
  static void backward(const WindowGeometry& geometry, Index images, const Deferred<T>& input, const T* prepared,
                       const DeferredGradient<T>& output_gradient, T* input_gradient, T* scratch,
                       ReadAhead<T> /*ahead*/) {
    T* const patches = scratch + sums_size;
    T* const patch_gradients = patches + patch_size;
    T* const padded = patch_gradients + patch_size;
    if (input_gradient != nullptr) std::fill_n(input_gradient, images * geometry.input.size(), T{0});
    for_each_tile(geometry, images, Share{}, [&](Index n, Range pixels) {
      const T* const gradients = output_gradient.gradient.sample(n) + pixels.begin * Outputs;
      im2col<T, Inputs, Kernel>(geometry, input.raw.sample(n), pixels, patches);
      add_weight_gradients(pixels.size(), patches, gradients, padded, scratch);
      if (input_gradient == nullptr) return;
      product<T, Outputs, depth>(pixels.size(), gradients, prepared, nullptr, patch_gradients);
      add_col2im<T, Inputs, Kernel>(geometry, patch_gradients, pixels, input_gradient + n * geometry.input.size());
    });
  }

  /// Writes the weight gradients (Kernel, Kernel, Inputs, Outputs) for the sums in a thread's scratch.
  static void finish_gradients(const T* scratch, T* weight_gradient) {
    for (Index row = 0; row < depth; ++row) {
      std::copy_n(scratch + row * padded_outputs, Outputs, weight_gradient + row * Outputs);
    }
  }

 private:
  template <class Tile>
  static void for_each_tile(const WindowGeometry& geometry, Index images, Share share, const Tile& tile) {
    const Range pixels = share.of(geometry.output.pixels());
    for (Index n = 0; n < images; ++n) {
      for (Index first = pixels.begin; first < pixels.end; first += tile_pixels) {
        tile(n, Range{first, std::min(first + tile_pixels, pixels.end)});
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
};

}  // namespace lamina::kernels
