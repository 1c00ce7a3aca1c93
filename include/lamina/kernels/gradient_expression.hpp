#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/expression.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// The gradient of a tensor in memory, computed when it is read:
///
///     scale gradient + raw_factor raw + shift
///
/// for each channel, which is the gradient of a batch norm with respect to its input `raw` (Ioffe and Szegedy 2015),
/// `gradient` being that of its output.
template <class T>
struct GradientExpression {
  TensorView<const T> gradient{};
  const T* scale = nullptr;       ///< null for 1
  TensorView<const T> raw{};      ///< empty where no batch norm reads the tensor
  const T* raw_factor = nullptr;  ///< null exactly where `raw` is empty
  const T* shift = nullptr;       ///< null exactly where `raw` is empty

  /// The same tensor from a sample on.
  [[nodiscard]] GradientExpression from(Index sample) const {
    GradientExpression rest = *this;
    rest.gradient = gradient.samples(sample, gradient.batch - sample);
    if (!raw.empty()) rest.raw = raw.samples(sample, raw.batch - sample);
    return rest;
  }

  [[nodiscard]] bool identity() const { return scale == nullptr && raw.empty(); }
  /// Whether one offset serves both tensors.
  [[nodiscard]] bool direct() const { return raw.empty() || raw.stride == gradient.stride; }
};

/// Reads vectors of a gradient expression for some channels, whose factors it keeps in registers.
template <class T, Index Lanes>
class GradientReader {
 public:
  GradientReader(const GradientExpression<T>& expression, Index channel)
      : gradient_(expression.gradient.data),
        raw_(expression.raw.data),
        scale_(expression.scale == nullptr ? broadcast<T, Lanes>(1) : load<T, Lanes>(expression.scale + channel)) {
    if (raw_ == nullptr) return;
    raw_factor_ = load<T, Lanes>(expression.raw_factor + channel);
    shift_ = load<T, Lanes>(expression.shift + channel);
  }

  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> operator()(Index offset) const { return (*this)(offset, offset); }

  /// The same for a raw tensor of another stride.
  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> operator()(Index offset, Index raw_offset) const {
    const auto gradient = load<T, Lanes>(gradient_ + offset);
    if (raw_ == nullptr) return gradient * scale_;
    const auto rest = multiply_add<T, Lanes>(load<T, Lanes>(raw_ + raw_offset), raw_factor_, shift_);
    return multiply_add<T, Lanes>(gradient, scale_, rest);
  }

 private:
  const T* gradient_;
  const T* raw_;
  Vector<T, Lanes> scale_;
  Vector<T, Lanes> raw_factor_{};
  Vector<T, Lanes> shift_{};
};

/// Writes the gradients of `count` pixels, counted over the whole batch from `first` on, to rows that lie `stride`
/// values apart.
template <class T>
[[gnu::noinline]] void materialize(const GradientExpression<T>& expression, Index first, Index count, T* values,
                                   Index stride) {
  const Index gradient_stride = expression.gradient.stride;
  const Index raw_stride = expression.raw.stride;
  detail::for_pixel_runs(first, count, [&](Index pixel, Index pixels) {
    for_channel_vectors<T>(expression.gradient.shape.channels, [&]<Index Lanes>(Index c) {
      const GradientReader<T, Lanes> read(expression, c);
      T* const to = values + (pixel - first) * stride + c;
      for (Index i = 0; i < pixels; ++i) {
        store<T, Lanes>(to + i * stride, read((pixel + i) * gradient_stride + c, (pixel + i) * raw_stride + c));
      }
    });
  });
}

/// target = gradient + added for `count` pixels, counted over the whole batch from `first` on.
/// @param added  may be the target, or empty
template <class T>
[[gnu::noinline]] void accumulate(const GradientExpression<T>& expression, const TensorView<const T>& added,
                                  Index first, Index count, const TensorView<T>& target) {
  detail::for_pixel_runs(first, count, [&](Index pixel, Index pixels) {
    for_channel_vectors<T>(target.shape.channels, [&]<Index Lanes>(Index c) {
      const GradientReader<T, Lanes> read(expression, c);
      for (Index i = pixel; i < pixel + pixels; ++i) {
        Vector<T, Lanes> value = read(i * expression.gradient.stride + c, i * expression.raw.stride + c);
        if (!added.empty()) value += load<T, Lanes>(added.data + i * added.stride + c);
        store<T, Lanes>(target.data + i * target.stride + c, value);
      }
    });
  });
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
