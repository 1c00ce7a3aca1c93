#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/activation.hpp>
#include <lamina/kernels/frame.hpp>
#include <lamina/kernels/reduction.hpp>

/// @file
/// Batch norm, addition and activation that wait for their reader. A kernel writes its raw output; whoever reads it
/// next computes the value on the way in (a prologue), and the gradient takes the same way back, so that none of the
/// three costs a pass over memory of its own.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// A tensor that is computed when it is read, from one or two tensors in memory:
///
///     z = scale raw + shift + addend_scale addend,    value = activation(z)
///
/// with a scale and a shift for each channel.
template <class T>
struct Expression {
  TensorView<const T> raw{};
  const T* scale = nullptr;         ///< null for 1
  const T* shift = nullptr;         ///< null for 0; the sum of both summands' shifts
  TensorView<const T> addend{};     ///< of the same shape; empty for none
  const T* addend_scale = nullptr;  ///< null for 1
  Activation<T> activation{};

  /// The same tensor from a sample on.
  [[nodiscard]] Expression from(Index sample) const {
    Expression rest = *this;
    rest.raw = raw.samples(sample, raw.batch - sample);
    if (!addend.empty()) rest.addend = addend.samples(sample, addend.batch - sample);
    return rest;
  }

  /// `count` of the channels from channel `first` on.
  [[nodiscard]] Expression channels(Index first, Index count) const {
    Expression part = *this;
    part.raw = raw.channels(first, count);
    if (scale != nullptr) part.scale += first;
    if (shift != nullptr) part.shift += first;
    if (!addend.empty()) part.addend = addend.channels(first, count);
    if (addend_scale != nullptr) part.addend_scale += first;
    return part;
  }

  /// Whether z is the raw tensor.
  [[nodiscard]] bool unscaled() const { return scale == nullptr && shift == nullptr && addend.empty(); }
  /// Whether the value is the raw tensor itself.
  [[nodiscard]] bool identity() const { return unscaled() && activation.identity(); }
  /// The slope where the value is a leaky rectifier of the raw tensor and nothing else; 1 elsewhere.
  [[nodiscard]] T rectifier_slope() const { return unscaled() && activation.rectifier() ? activation.slope : T{1}; }
  /// Whether an ExpressionReader can read it: one offset serves both tensors, and the activation is a rectifier.
  [[nodiscard]] bool direct() const {
    return activation.rectifier() && (addend.empty() || addend.stride == raw.stride);
  }
};

/// Reads vectors of an expression that is `direct` for some channels, whose scale and shift it keeps in registers.
template <class T, Index Lanes>
class ExpressionReader {
 public:
  ExpressionReader(const Expression<T>& expression, Index channel)
      : raw_(expression.raw.data),
        addend_(expression.addend.data),
        scale_(expression.scale == nullptr ? broadcast<T, Lanes>(1) : load<T, Lanes>(expression.scale + channel)),
        shift_(expression.shift == nullptr ? broadcast<T, Lanes>(0) : load<T, Lanes>(expression.shift + channel)),
        addend_scale_(expression.addend_scale == nullptr ? broadcast<T, Lanes>(1)
                                                         : load<T, Lanes>(expression.addend_scale + channel)),
        slope_(expression.activation.slope) {}

  /// z at an offset from the first value of the tensors.
  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> pre_activation(Index offset) const {
    return z(load<T, Lanes>(raw_ + offset), offset);
  }
  /// The same for an addend of another stride.
  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> pre_activation(Index offset, Index addend_offset) const {
    return z(load<T, Lanes>(raw_ + offset), addend_offset);
  }

  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> operator()(Index offset) const {
    return rectify(pre_activation(offset));
  }

  /// The value where the raw tensor has `raw` at an offset.
  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> operator()(Vector<T, Lanes> raw, Index offset) const {
    return rectify(z(raw, offset));
  }

  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> rectify(Vector<T, Lanes> z) const {
    return z > 0 ? z : z * slope_;
  }

 private:
  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> z(Vector<T, Lanes> raw, Index addend_offset) const {
    const auto scaled = multiply_add<T, Lanes>(raw, scale_, shift_);
    return addend_ == nullptr ? scaled
                              : multiply_add<T, Lanes>(load<T, Lanes>(addend_ + addend_offset), addend_scale_, scaled);
  }

  const T* raw_;
  const T* addend_;
  Vector<T, Lanes> scale_;
  Vector<T, Lanes> shift_;
  Vector<T, Lanes> addend_scale_;
  T slope_;
};

namespace detail {

/// Pixels that elementwise loops take at a time, channel by channel: they stay in the first-level cache.
inline constexpr Index kPixelRun = 32;

/// Calls body(first pixel, number of pixels) for one run of pixels after the other.
template <class Body>
[[gnu::always_inline]] inline void for_pixel_runs(Index first, Index count, const Body& body) {
  for (Index done = 0; done < count; done += kPixelRun) body(first + done, std::min(kPixelRun, count - done));
}

}  // namespace detail

/// Writes the values of `count` pixels, counted over the whole batch from `first` on, to rows that lie `stride` values
/// apart. They may be the raw tensor's own memory.
template <class T>
void materialize(const Expression<T>& expression, Index first, Index count, T* values, Index stride) {
  const Index channels = expression.raw.shape.channels;
  const Index raw_stride = expression.raw.stride;
  const Index addend_stride = expression.addend.stride;
  detail::for_pixel_runs(first, count, [&](Index pixel, Index pixels) {
    const T* const ahead = expression.raw.data + (pixel + kPrefetchRows * detail::kPixelRun) * raw_stride;
    for_channel_vectors<T>(channels, [&]<Index Lanes>(Index c) {
      const ExpressionReader<T, Lanes> read(expression, c);
      T* const to = values + (pixel - first) * stride + c;
      for (Index i = 0; i < pixels; ++i) {
        prefetch(ahead + i * raw_stride + c);
        store<T, Lanes>(to + i * stride, read.rectify(read.pre_activation((pixel + i) * raw_stride + c,
                                                                          (pixel + i) * addend_stride + c)));
      }
    });
  });
  // An activation that is no rectifier has slope 1, so that those are its arguments.
  if (expression.activation.rectifier()) return;
  for (Index i = 0; i < count; ++i) expression.activation.apply(channels, values + i * stride, values + i * stride);
}

/// Writes z of `count` pixels, as materialize writes the values.
template <class T>
void materialize_pre_activation(const Expression<T>& expression, Index first, Index count, T* z, Index stride) {
  Expression<T> argument = expression;
  argument.activation = {};
  materialize(argument, first, count, z, stride);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
