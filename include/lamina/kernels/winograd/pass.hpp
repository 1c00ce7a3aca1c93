#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/convolution_kernel.hpp>
#include <lamina/kernels/frame.hpp>
#include <lamina/kernels/read_ahead.hpp>

/// @file
/// What both ways through a batch do with the tensors around a convolution: values that cannot be computed while tiles
/// are read or written are materialized before or after.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd {

/// The epilogue of forward on the pass's output.
template <class T>
[[nodiscard]] Expression<T> epilogue_of(const ConvolutionForward<T>& pass) {
  Expression<T> epilogue = pass.epilogue;
  epilogue.raw = pass.output;
  return epilogue;
}

/// Whether forward writes the input's value to memory of its own.
template <class T>
[[nodiscard]] bool keeps_input(const ConvolutionForward<T>& pass) {
  return !pass.kept_input.empty() && !(pass.input.identity() && pass.kept_input.data == pass.input.raw.data);
}

/// The values of some samples, as tiles can read them: written to `values` where they must be kept or are not
/// direct.
/// @param keep  whether `values` is to receive them in any case
template <class T>
[[nodiscard]] Expression<T> readable(const Expression<T>& input, Range samples, bool keep, TensorView<T> values) {
  if (!keep && input.direct()) return input.from(samples.begin);
  const Index pixels = input.raw.shape.pixels();
  materialize(input, samples.begin * pixels, samples.size() * pixels, values.data, values.stride);
  return {.raw = values};
}

/// The gradients of some samples, as tiles can read them.
template <class T>
[[nodiscard]] GradientExpression<T> readable(const GradientExpression<T>& gradient, Range samples,
                                             TensorView<T> values) {
  if (gradient.direct()) return gradient.from(samples.begin);
  const Index pixels = gradient.gradient.shape.pixels();
  materialize(gradient, samples.begin * pixels, samples.size() * pixels, values.data, values.stride);
  return {.gradient = values};
}

/// Applies an epilogue to some samples of the output that are in memory.
template <class T>
void finish(const Expression<T>& epilogue, Range samples, TensorView<T> output) {
  const Index pixels = output.shape.pixels();
  materialize(epilogue, samples.begin * pixels, samples.size() * pixels, output.sample(samples.begin), output.stride);
}

/// Applies an epilogue to the gradients of a sample, in a frame. Short rows are moved together first, as each run of
/// pixels costs a few dozen instructions of its own.
template <class T>
void apply_epilogue_to_frame(const GradientEpilogue<T>& epilogue, Index sample, const Frame& frame, T* gradient,
                             T* sums) {
  constexpr Index short_row = 8;
  const Shape& image = frame.image;
  const Index first = sample * image.pixels();
  if (image.width <= short_row) {
    for (Index y = 0; y < image.height; ++y) {
      const T* const row = gradient + frame.row(y);
      std::copy(row, row + frame.row_size(), gradient + y * frame.row_size());
    }
    apply_epilogue<T>(epilogue, {first, first + image.pixels()}, {gradient, image.channels}, sums);
    return;
  }
  for (Index y = 0; y < image.height; ++y) {
    const Index row = first + y * image.width;
    apply_epilogue<T>(epilogue, {row, row + image.width}, {gradient + frame.row(y), image.channels}, sums);
  }
}

/// Collects the tensors whose samples will be read next. Each is asked for once; small images lie in the third-level
/// cache, and to ask for them costs more than to wait; a narrow slice would bring its neighbours along.
template <class T>
class SamplesAhead {
 public:
  template <class Value>
  void add(const TensorView<Value>& tensor, Range samples) {
    constexpr Index small = 64;
    if (tensor.empty() || tensor.shape.pixels() <= small || tensor.stride >= 2 * tensor.shape.channels) return;
    const T* const first = tensor.sample(samples.begin);
    for (std::size_t i = 0; i < count_; ++i) {
      if (seen_[i] == first) return;
    }
    if (count_ == seen_.size()) return;
    seen_[count_++] = first;
    const Index pixels = tensor.shape.pixels();
    ahead_.add(tensor, {samples.begin * pixels, samples.end * pixels});
  }

  /// What was added, in so many pieces.
  [[nodiscard]] ReadAhead divided(Index pieces) {
    ahead_.divide(pieces);
    return ahead_;
  }

 private:
  std::array<const T*, 8> seen_{};
  std::size_t count_ = 0;
  ReadAhead ahead_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd
