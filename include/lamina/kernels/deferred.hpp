#pragma once

#include <array>

#include <lamina/core/tensor.hpp>
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

  /// Whether the value is the raw tensor itself.
  [[nodiscard]] bool plain() const { return scale == nullptr && shortcut == nullptr && slope == T{1}; }
};

namespace detail {

template <class T, bool Scaled, bool Added>
void evaluate_as(const Deferred<T>& tensor, Range samples, T* values) {
  const Index first = samples.begin * tensor.raw.shape.size();
  const Index size = samples.size() * tensor.raw.shape.size();
  const Index channels = tensor.raw.shape.channels;
  const T* const raw = tensor.raw.data + first;
  const T* const shortcut = Added ? tensor.shortcut + first : nullptr;
  for_channel_vectors<T>(channels, [&]<Index Lanes>(Index c) {
    Vector<T, Lanes> scale{};
    Vector<T, Lanes> shift{};
    if constexpr (Scaled) {
      scale = load<T, Lanes>(tensor.scale + c);
      shift = load<T, Lanes>(tensor.shift + c);
    }
    for (Index i = c; i < size; i += channels) {
      Vector<T, Lanes> value = load<T, Lanes>(raw + i);
      if constexpr (Scaled) value = multiply_add<T, Lanes>(value, scale, shift);
      if constexpr (Added) value += load<T, Lanes>(shortcut + i);
      store<T, Lanes>(values + i, value > 0 ? value : value * tensor.slope);
    }
  });
}

}  // namespace detail

/// Writes the values of some samples, the first of them to values[0].
template <class T>
void evaluate(const Deferred<T>& tensor, Range samples, T* values) {
  if (tensor.scale != nullptr) {
    if (tensor.shortcut != nullptr) {
      detail::evaluate_as<T, true, true>(tensor, samples, values);
    } else {
      detail::evaluate_as<T, true, false>(tensor, samples, values);
    }
  } else if (tensor.shortcut != nullptr) {
    detail::evaluate_as<T, false, true>(tensor, samples, values);
  } else {
    detail::evaluate_as<T, false, false>(tensor, samples, values);
  }
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

  [[nodiscard]] bool plain() const { return raw == nullptr; }
};

/// Writes the gradients of some samples, the first of them to values[0].
template <class T>
void evaluate(const DeferredGradient<T>& tensor, Range samples, T* values) {
  const Index first = samples.begin * tensor.gradient.shape.size();
  const Index size = samples.size() * tensor.gradient.shape.size();
  const Index channels = tensor.gradient.shape.channels;
  const T* const gradient = tensor.gradient.data + first;
  const T* const raw = tensor.raw + first;
  for_channel_vectors<T>(channels, [&]<Index Lanes>(Index c) {
    const auto scale = load<T, Lanes>(tensor.scale + c);
    const auto factor = load<T, Lanes>(tensor.raw_factor + c);
    const auto shift = load<T, Lanes>(tensor.shift + c);
    for (Index i = c; i < size; i += channels) {
      const auto inner = multiply_add<T, Lanes>(load<T, Lanes>(raw + i), factor, shift);
      store<T, Lanes>(values + i, multiply_add<T, Lanes>(load<T, Lanes>(gradient + i), scale, inner));
    }
  });
}

/// What turns the gradient of a Deferred tensor's value into dz, that of scale raw + shift + shortcut, in place:
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

template <class T, bool Added, bool Summed>
void go_back_as(const DeferredBackward<T>& back, const Shape& shape, Index sample, const T* values, T* gradient,
                T* sums) {
  const Index channels = shape.channels;
  const Index first = sample * shape.size();
  for_channel_vectors<T>(channels, [&]<Index Lanes>(Index c) {
    Vector<T, Lanes> mean{};
    Vector<T, Lanes> inverse_deviation{};
    if constexpr (Summed) {
      mean = load<T, Lanes>(back.mean + c);
      inverse_deviation = load<T, Lanes>(back.inverse_deviation + c);
    }
    Vector<T, Lanes> beta{};
    Vector<T, Lanes> gamma{};
    for (Index i = c; i < shape.size(); i += channels) {
      Vector<T, Lanes> dz = load<T, Lanes>(gradient + i);
      if constexpr (Added) dz += load<T, Lanes>(back.added + first + i);
      dz = load<T, Lanes>(values + i) > 0 ? dz : dz * back.slope;
      store<T, Lanes>(gradient + i, dz);
      if constexpr (Summed) {
        const Vector<T, Lanes> centered = load<T, Lanes>(back.raw + first + i) - mean;
        beta += dz;
        gamma = multiply_add<T, Lanes>(dz, centered * inverse_deviation, gamma);
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
/// @param sample  its number in the batch; `values` and `gradient` begin with its first value
template <class T>
void go_back(const DeferredBackward<T>& back, const Shape& shape, Index sample, const T* values, T* gradient, T* sums) {
  if (back.raw != nullptr) {
    if (back.added != nullptr) {
      detail::go_back_as<T, true, true>(back, shape, sample, values, gradient, sums);
    } else {
      detail::go_back_as<T, false, true>(back, shape, sample, values, gradient, sums);
    }
  } else if (back.added != nullptr) {
    detail::go_back_as<T, true, false>(back, shape, sample, values, gradient, sums);
  } else {
    detail::go_back_as<T, false, false>(back, shape, sample, values, gradient, sums);
  }
}

}  // namespace lamina::kernels
