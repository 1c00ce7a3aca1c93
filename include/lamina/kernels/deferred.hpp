#pragma once

#include <lamina/core/tensor.hpp>
#include <lamina/kernels/frame.hpp>
#include <lamina/kernels/reduction.hpp>

/// @file
/// Batch norm, shortcut and activation that wait for their reader. A convolution writes its raw output; whoever reads
/// it next computes the value on the way in, and the gradient takes the same way back, so that none of the three costs
/// a pass over memory of its own.

namespace lamina::kernels {

/// A tensor that is computed when it is read: value = activation(scale raw + shift + shortcut), scale and shift for
/// each channel, activation(z) = z for z > 0, else slope z.
template <class T>
struct Deferred {
  TensorView<const T> raw{};
  const T* scale = nullptr;     ///< null for 1
  const T* shift = nullptr;     ///< null for 0, where scale is
  const T* shortcut = nullptr;  ///< a tensor of the same shape, or null
  T slope = 1;

  /// The same tensor from a sample on.
  [[nodiscard]] Deferred from(Index sample) const {
    Deferred rest = *this;
    rest.raw = raw.samples(sample, raw.batch - sample);
    if (shortcut != nullptr) rest.shortcut += sample * raw.shape.size();
    return rest;
  }

  /// Whether the value is the raw tensor itself.
  [[nodiscard]] bool plain() const { return scale == nullptr && shortcut == nullptr && slope == T{1}; }
};

/// Reads vectors of a Deferred tensor for some channels, whose scale and shift it keeps in registers.
template <class T, Index Lanes>
class DeferredReader {
 public:
  DeferredReader(const Deferred<T>& tensor, Index channel)
      : raw_(tensor.raw.data),
        shortcut_(tensor.shortcut),
        scale_(tensor.scale == nullptr ? broadcast<T, Lanes>(1) : load<T, Lanes>(tensor.scale + channel)),
        shift_(tensor.scale == nullptr ? broadcast<T, Lanes>(0) : load<T, Lanes>(tensor.shift + channel)),
        slope_(tensor.slope) {}

  /// What the activation is applied to, at an offset in the tensor.
  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> before_activation(Index offset) const {
    return before_activation(load<T, Lanes>(raw_ + offset), offset);
  }

  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> operator()(Index offset) const {
    return (*this)(load<T, Lanes>(raw_ + offset), offset);
  }

  /// The value where the raw tensor has `raw` at an offset.
  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> operator()(Vector<T, Lanes> raw, Index offset) const {
    const Vector<T, Lanes> value = before_activation(raw, offset);
    return value > 0 ? value : value * slope_;
  }

 private:
  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> before_activation(Vector<T, Lanes> raw, Index offset) const {
    const auto scaled = multiply_add<T, Lanes>(raw, scale_, shift_);
    return shortcut_ == nullptr ? scaled : scaled + load<T, Lanes>(shortcut_ + offset);
  }

  const T* raw_;
  const T* shortcut_;
  Vector<T, Lanes> scale_;
  Vector<T, Lanes> shift_;
  T slope_;
};

namespace detail {

/// Calls body.template operator()<Lanes>(channel, offset in the image, offset in the frame, row size) for the first
/// pixel of every row and all channels: a row stays in the first-level cache while its channels are gone through.
template <class T, class Body>
[[gnu::always_inline]] inline void for_rows(const Frame& frame, const Body& body) {
  const Index size = frame.row_size();
  for (Index y = 0; y < frame.image.height; ++y) {
    for_channel_vectors<T>(frame.image.channels, [&]<Index Lanes>(Index c) {
      body.template operator()<Lanes>(c, y * size + c, frame.row(y) + c, size);
    });
  }
}

}  // namespace detail

/// Writes one sample's values to values[0] on, which may be the sample's raw memory.
template <class T>
void evaluate(const Deferred<T>& tensor, Index sample, T* values) {
  const Shape& shape = tensor.raw.shape;
  const Index first = sample * shape.size();
  detail::for_rows<T>(Frame::of(shape), [&]<Index Lanes>(Index c, Index row, Index, Index size) {
    const DeferredReader<T, Lanes> read(tensor, c);
    for (Index i = row; i < row + size; i += shape.channels) {
      prefetch(tensor.raw.data + first + i + kPrefetchRows * size);
      store<T, Lanes>(values + i, read(first + i));
    }
  });
}

/// The gradient of a convolution's raw output y, computed when it is read: scale dz + raw_factor y + shift for each
/// channel, which is the gradient of a batch norm with respect to its input (Ioffe and Szegedy 2015).
template <class T>
struct DeferredGradient {
  TensorView<const T> gradient{};  ///< dz, of the batch norm's output
  const T* raw = nullptr;          ///< y; null where there is no batch norm and dz is the gradient itself
  const T* scale = nullptr;
  const T* raw_factor = nullptr;
  const T* shift = nullptr;

  /// The same tensor from a sample on.
  [[nodiscard]] DeferredGradient from(Index sample) const {
    DeferredGradient rest = *this;
    rest.gradient = gradient.samples(sample, gradient.batch - sample);
    if (raw != nullptr) rest.raw += sample * gradient.shape.size();
    return rest;
  }

  [[nodiscard]] bool plain() const { return raw == nullptr; }
};

/// Reads vectors of a DeferredGradient for some channels, whose factors it keeps in registers.
template <class T, Index Lanes>
class DeferredGradientReader {
 public:
  DeferredGradientReader(const DeferredGradient<T>& tensor, Index channel)
      : gradient_(tensor.gradient.data), raw_(tensor.raw) {
    if (tensor.plain()) return;
    scale_ = load<T, Lanes>(tensor.scale + channel);
    raw_factor_ = load<T, Lanes>(tensor.raw_factor + channel);
    shift_ = load<T, Lanes>(tensor.shift + channel);
  }

  [[nodiscard, gnu::always_inline]] Vector<T, Lanes> operator()(Index offset) const {
    const auto gradient = load<T, Lanes>(gradient_ + offset);
    if (raw_ == nullptr) return gradient;
    const auto rest = multiply_add<T, Lanes>(load<T, Lanes>(raw_ + offset), raw_factor_, shift_);
    return multiply_add<T, Lanes>(gradient, scale_, rest);
  }

 private:
  const T* gradient_;
  const T* raw_;
  Vector<T, Lanes> scale_{};
  Vector<T, Lanes> raw_factor_{};
  Vector<T, Lanes> shift_{};
};

/// Writes one sample's gradients to values[0] on.
template <class T>
void evaluate(const DeferredGradient<T>& tensor, Index sample, T* values) {
  const Shape& shape = tensor.gradient.shape;
  const Index first = sample * shape.size();
  detail::for_rows<T>(Frame::of(shape), [&]<Index Lanes>(Index c, Index row, Index, Index size) {
    const DeferredGradientReader<T, Lanes> read(tensor, c);
    for (Index i = row; i < row + size; i += shape.channels) store<T, Lanes>(values + i, read(first + i));
  });
}

/// What turns the gradient of a Deferred tensor's value into dz, that of scale raw + shift + shortcut:
/// dz = (gradient + added) * (value > 0 ? 1 : slope). Where there is a batch norm it also sums dz and dz x_hat over the
/// batch, x_hat = (raw - mean) * inverse_deviation: the gradients of beta and gamma.
template <class T>
struct DeferredBackward {
  const T* added = nullptr;  ///< gradient that reaches the value through a shortcut, or null
  T slope = 1;
  const T* raw = nullptr;  ///< null where there is no batch norm
  const T* mean = nullptr;
  const T* inverse_deviation = nullptr;

  [[nodiscard]] bool plain() const { return added == nullptr && slope == T{1} && raw == nullptr; }
};

namespace detail {

template <class T, bool Summed>
void go_back_as(const DeferredBackward<T>& back, const Deferred<T>& values, Index sample, const Frame& frame,
                const T* gradient, T* dz, T* sums) {
  const Index channels = frame.image.channels;
  const Index first = sample * frame.image.size();
  for_rows<T>(frame, [&]<Index Lanes>(Index c, Index row, Index from, Index size) {
    const DeferredReader<T, Lanes> read(values, c);
    Vector<T, Lanes> mean{};
    Vector<T, Lanes> inverse_deviation{};
    Vector<T, Lanes> gamma{};
    Vector<T, Lanes> beta{};
    if constexpr (Summed) {
      mean = load<T, Lanes>(back.mean + c);
      inverse_deviation = load<T, Lanes>(back.inverse_deviation + c);
    }
    for (Index i = 0; i < size; i += channels) {
      const Index at = first + row + i;
      Vector<T, Lanes> value = load<T, Lanes>(gradient + from + i);
      if (back.added != nullptr) value += load<T, Lanes>(back.added + at);
      value = read.before_activation(at) > 0 ? value : value * back.slope;
      store<T, Lanes>(dz + row + i, value);
      if constexpr (Summed) {
        const Vector<T, Lanes> centered = load<T, Lanes>(back.raw + at) - mean;
        beta += value;
        gamma = multiply_add<T, Lanes>(value, centered * inverse_deviation, gamma);
      }
    }
    if constexpr (Summed) {
      store<T, Lanes>(sums + c, load<T, Lanes>(sums + c) + gamma);
      store<T, Lanes>(sums + channels + c, load<T, Lanes>(sums + channels + c) + beta);
    }
  });
}

}  // namespace detail

/// Turns the gradients of one sample's values into dz and adds to sums: a value a channel for gamma, then for beta.
/// @param values    the tensor they belong to, or any that has its values
/// @param gradient  the sample's, in a frame
/// @param dz        the sample's, without a border; may be `gradient` where the frame has none
template <class T>
void go_back(const DeferredBackward<T>& back, const Deferred<T>& values, Index sample, const Frame& frame,
             const T* gradient, T* dz, T* sums) {
  if (back.raw != nullptr) {
    detail::go_back_as<T, true>(back, values, sample, frame, gradient, dz, sums);
  } else {
    detail::go_back_as<T, false>(back, values, sample, frame, gradient, dz, sums);
  }
}

}  // namespace lamina::kernels
