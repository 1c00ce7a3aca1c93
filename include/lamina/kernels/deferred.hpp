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

  /// Whether the value is the raw tensor itself.
  [[nodiscard]] bool plain() const { return scale == nullptr && shortcut == nullptr && slope == T{1}; }
};

namespace detail {

/// Calls body.template operator()<Lanes>(channel, offset in the image, offset in the frame, row size) for the first
/// pixel of every row,
/// and the row's size, row by row: a row stays in the first-level cache while its channels are gone through.
template <class T, class Body>
[[gnu::always_inline]] inline void for_rows(const Frame& frame, const Body& body) {
  const Index size = frame.row_size();
  for (Index y = 0; y < frame.image.height; ++y) {
    for_channel_vectors<T>(frame.image.channels, [&]<Index Lanes>(Index c) {
      body.template operator()<Lanes>(c, y * size + c, frame.row(y) + c, size);
    });
  }
}

template <class T, bool Scaled, bool Added, bool Kept>
void evaluate_as(const Deferred<T>& tensor, Index sample, const Frame& frame, T* values, T* kept) {
  const Index first = sample * frame.image.size();
  const T* const raw = tensor.raw.data + first;
  const T* const shortcut = Added ? tensor.shortcut + first : nullptr;
  for_rows<T>(frame, [&]<Index Lanes>(Index c, Index from, Index to, Index size) {
    Vector<T, Lanes> scale{};
    Vector<T, Lanes> shift{};
    if constexpr (Scaled) {
      scale = load<T, Lanes>(tensor.scale + c);
      shift = load<T, Lanes>(tensor.shift + c);
    }
    for (Index i = 0; i < size; i += frame.image.channels) {
      prefetch(raw + from + i + kPrefetchRows * size);
      if constexpr (Added) prefetch(shortcut + from + i + kPrefetchRows * size);
      Vector<T, Lanes> value = load<T, Lanes>(raw + from + i);
      if constexpr (Scaled) value = multiply_add<T, Lanes>(value, scale, shift);
      if constexpr (Added) value += load<T, Lanes>(shortcut + from + i);
      value = value > 0 ? value : value * tensor.slope;
      store<T, Lanes>(values + to + i, value);
      if constexpr (Kept) store<T, Lanes>(kept + from + i, value);
    }
  });
}

template <class T, bool Scaled, bool Added>
void evaluate_as(const Deferred<T>& tensor, Index sample, const Frame& frame, T* values, T* kept) {
  if (kept != nullptr) {
    evaluate_as<T, Scaled, Added, true>(tensor, sample, frame, values, kept + sample * frame.image.size());
  } else {
    evaluate_as<T, Scaled, Added, false>(tensor, sample, frame, values, nullptr);
  }
}

}  // namespace detail

/// Writes one sample's values into a frame and, unless `kept` is null, to their place in that tensor too. The values
/// may be the raw tensor's memory.
template <class T>
void evaluate(const Deferred<T>& tensor, Index sample, const Frame& frame, T* values, T* kept = nullptr) {
  if (tensor.scale != nullptr && tensor.shortcut != nullptr) {
    detail::evaluate_as<T, true, true>(tensor, sample, frame, values, kept);
  } else if (tensor.scale != nullptr) {
    detail::evaluate_as<T, true, false>(tensor, sample, frame, values, kept);
  } else if (tensor.shortcut != nullptr) {
    detail::evaluate_as<T, false, true>(tensor, sample, frame, values, kept);
  } else {
    detail::evaluate_as<T, false, false>(tensor, sample, frame, values, kept);
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

namespace detail {

template <class T, bool Scaled>
void evaluate_as(const DeferredGradient<T>& tensor, Index sample, const Frame& frame, T* values) {
  const Index first = sample * frame.image.size();
  const T* const gradient = tensor.gradient.data + first;
  const T* const raw = Scaled ? tensor.raw + first : nullptr;
  for_rows<T>(frame, [&]<Index Lanes>(Index c, Index from, Index to, Index size) {
    Vector<T, Lanes> scale{};
    Vector<T, Lanes> factor{};
    Vector<T, Lanes> shift{};
    if constexpr (Scaled) {
      scale = load<T, Lanes>(tensor.scale + c);
      factor = load<T, Lanes>(tensor.raw_factor + c);
      shift = load<T, Lanes>(tensor.shift + c);
    }
    for (Index i = 0; i < size; i += frame.image.channels) {
      prefetch(gradient + from + i + kPrefetchRows * size);
      Vector<T, Lanes> value = load<T, Lanes>(gradient + from + i);
      if constexpr (Scaled) {
        prefetch(raw + from + i + kPrefetchRows * size);
        const auto rest = multiply_add<T, Lanes>(load<T, Lanes>(raw + from + i), factor, shift);
        value = multiply_add<T, Lanes>(value, scale, rest);
      }
      store<T, Lanes>(values + to + i, value);
    }
  });
}

}  // namespace detail

/// Writes one sample's gradients into a frame.
template <class T>
void evaluate(const DeferredGradient<T>& tensor, Index sample, const Frame& frame, T* values) {
  if (tensor.plain()) {
    detail::evaluate_as<T, false>(tensor, sample, frame, values);
  } else {
    detail::evaluate_as<T, true>(tensor, sample, frame, values);
  }
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
void go_back_as(const DeferredBackward<T>& back, Index sample, const Frame& frame, const T* values, const T* gradient,
                T* dz, T* sums) {
  const Index channels = frame.image.channels;
  const Index first = sample * frame.image.size();
  const T* const added = Added ? back.added + first : nullptr;
  const T* const raw = Summed ? back.raw + first : nullptr;
  for_rows<T>(frame, [&]<Index Lanes>(Index c, Index to, Index from, Index size) {
    Vector<T, Lanes> mean{};
    Vector<T, Lanes> inverse_deviation{};
    Vector<T, Lanes> gamma{};
    Vector<T, Lanes> beta{};
    if constexpr (Summed) {
      mean = load<T, Lanes>(back.mean + c);
      inverse_deviation = load<T, Lanes>(back.inverse_deviation + c);
    }
    for (Index i = 0; i < size; i += channels) {
      Vector<T, Lanes> value = load<T, Lanes>(gradient + from + i);
      if constexpr (Added) {
        prefetch(added + to + i + kPrefetchRows * size);
        value += load<T, Lanes>(added + to + i);
      }
      value = load<T, Lanes>(values + from + i) > 0 ? value : value * back.slope;
      store<T, Lanes>(dz + to + i, value);
      if constexpr (Summed) {
        const Vector<T, Lanes> centered = load<T, Lanes>(raw + to + i) - mean;
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
/// @param values    of the sample, in a frame
/// @param gradient  of the sample's values, in a frame
/// @param dz        the sample's, without a border; may be `gradient` where the frame has none
template <class T>
void go_back(const DeferredBackward<T>& back, Index sample, const Frame& frame, const T* values, const T* gradient,
             T* dz, T* sums) {
  if (back.raw != nullptr && back.added != nullptr) {
    detail::go_back_as<T, true, true>(back, sample, frame, values, gradient, dz, sums);
  } else if (back.raw != nullptr) {
    detail::go_back_as<T, false, true>(back, sample, frame, values, gradient, dz, sums);
  } else if (back.added != nullptr) {
    detail::go_back_as<T, true, false>(back, sample, frame, values, gradient, dz, sums);
  } else {
    detail::go_back_as<T, false, false>(back, sample, frame, values, gradient, dz, sums);
  }
}

}  // namespace lamina::kernels
