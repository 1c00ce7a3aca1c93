#pragma once

#include <array>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/expression.hpp>
#include <lamina/kernels/frame.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// A batch norm between a kernel's input and the raw tensor in memory: what its parameters' gradients are summed from.
template <class T>
struct NormSums {
  TensorView<const T> raw{};
  const T* mean = nullptr;
  const T* inverse_deviation = nullptr;
  T* gamma_gradient = nullptr;
  T* beta_gradient = nullptr;
};

/// What a kernel does with the gradient g of its input, while it is in the cache:
///
///     dz = (g + added) activation'(z),      target = scale dz (+ target, where it accumulates)
///
/// and for each batch norm the sums over the batch of dz (beta's gradient) and of dz x_hat (gamma's), x_hat =
/// (raw - mean) inverse_deviation. Where other readers' gradients are still to come, the activation is the identity and
/// there is no batch norm: g + added goes to the target.
template <class T>
struct GradientEpilogue {
  TensorView<T> target{};  ///< empty where nobody wants the gradient of the input
  TensorView<const T>
      added{};  ///< gradient that reached the value through its other readers, or empty; may be `target`
  /// Has the z of the kernel's input, for a rectifier at least its sign: a kept value does for the expression.
  Expression<T> value{};
  std::array<NormSums<T>, 2> norms{};  ///< those in use first; the second only behind the first
  const T* scale = nullptr;            ///< a factor a channel on the way to the target; null for 1
  bool accumulate = false;             ///< adds to the target

  [[nodiscard]] bool wanted() const { return !target.empty(); }
  /// Number of batch norms.
  [[nodiscard]] Index norm_count() const { return norms[0].raw.empty() ? 0 : norms[1].raw.empty() ? 1 : 2; }
  /// Values of a part's sums: for each channel those of dz, then for each batch norm those of dz x_hat.
  [[nodiscard]] Index sums_size() const { return norm_count() == 0 ? 0 : (1 + norm_count()) * target.shape.channels; }
  /// Whether the target receives g itself.
  [[nodiscard]] bool identity() const {
    return added.empty() && value.activation.identity() && norms[0].raw.empty() && scale == nullptr && !accumulate;
  }
};

namespace detail {

/// A run of pixels of a tensor for one channel vector. A copy of its own lets the compiler keep it in registers: it has
/// to expect that a store to the target changes what lies behind a reference.
template <class T>
struct PixelPointer {
  T* first = nullptr;
  Index stride = 0;

  PixelPointer() = default;
  template <class Value>
  PixelPointer(const TensorView<Value>& tensor, Index pixel, Index channel)
      : first(tensor.empty() ? nullptr : tensor.data + pixel * tensor.stride + channel), stride(tensor.stride) {}

  [[nodiscard, gnu::always_inline]] T* operator[](Index i) const { return first + i * stride; }
};

/// apply_epilogue for a number of batch norms the compiler knows, over `pixels` pixels in a row.
template <class T, Index Norms>
void apply_epilogue_run(const GradientEpilogue<T>& epilogue, Index pixel, Index pixels, const T* gradient, Index stride,
                        T* sums) {
  const Index channels = epilogue.target.shape.channels;
  const bool signs = epilogue.value.activation.rectifier() && !epilogue.value.activation.identity();
  const bool accumulate = epilogue.accumulate;
  const T slope = epilogue.value.activation.slope;
  for_channel_vectors<T>(channels, [&]<Index Lanes>(Index c) {
    const ExpressionReader<T, Lanes> read(epilogue.value, c);
    const auto scale = epilogue.scale == nullptr ? broadcast<T, Lanes>(1) : load<T, Lanes>(epilogue.scale + c);
    const PixelPointer<const T> added(epilogue.added, pixel, c);
    const PixelPointer<T> target(epilogue.target, pixel, c);
    const Index value_stride = epilogue.value.raw.stride;
    const Index addend_stride = epilogue.value.addend.stride;
    PixelPointer<const T> raw[2];
    Vector<T, Lanes> mean[2]{};
    Vector<T, Lanes> inverse_deviation[2]{};
    Vector<T, Lanes> beta{};
    Vector<T, Lanes> gamma[2]{};
    for (Index k = 0; k < Norms; ++k) {
      const NormSums<T>& norm = epilogue.norms[static_cast<std::size_t>(k)];
      raw[k] = {norm.raw, pixel, c};
      mean[k] = load<T, Lanes>(norm.mean + c);
      inverse_deviation[k] = load<T, Lanes>(norm.inverse_deviation + c);
    }
    for (Index i = 0; i < pixels; ++i) {
      Vector<T, Lanes> dz = load<T, Lanes>(gradient + i * stride + c);
      if (added.first != nullptr) dz += load<T, Lanes>(added[i]);
      if (signs) {
        const auto z = read.pre_activation((pixel + i) * value_stride + c, (pixel + i) * addend_stride + c);
        dz = z > 0 ? dz : dz * slope;
      }
      store<T, Lanes>(target[i],
                      accumulate ? multiply_add<T, Lanes>(dz, scale, load<T, Lanes>(target[i])) : dz * scale);
      if constexpr (Norms > 0) {
        beta += dz;
        for (Index k = 0; k < Norms; ++k) {
          const Vector<T, Lanes> centered = load<T, Lanes>(raw[k][i]) - mean[k];
          gamma[k] = multiply_add<T, Lanes>(dz, centered * inverse_deviation[k], gamma[k]);
        }
      }
    }
    if constexpr (Norms > 0) {
      store<T, Lanes>(sums + c, load<T, Lanes>(sums + c) + beta);
      for (Index k = 0; k < Norms; ++k) {
        T* const to = sums + (1 + k) * channels + c;
        store<T, Lanes>(to, load<T, Lanes>(to) + gamma[k]);
      }
    }
  });
}

/// apply_epilogue for a rectifier, over `pixels` pixels in a row.
template <class T>
void apply_rectified_epilogue(const GradientEpilogue<T>& epilogue, Index pixel, Index pixels, const T* gradient,
                              Index stride, T* sums) {
  switch (epilogue.norm_count()) {
    case 0:
      return apply_epilogue_run<T, 0>(epilogue, pixel, pixels, gradient, stride, sums);
    case 1:
      return apply_epilogue_run<T, 1>(epilogue, pixel, pixels, gradient, stride, sums);
    default:
      return apply_epilogue_run<T, 2>(epilogue, pixel, pixels, gradient, stride, sums);
  }
}

/// gradient = (gradient + added) activation'(z) for an activation that is no rectifier.
template <class T>
void multiply_derivative(const GradientEpilogue<T>& epilogue, Index pixel, Index pixels, T* gradient, Index stride) {
  constexpr Index block = 64;
  std::array<T, static_cast<std::size_t>(kPixelRun * block)> z;
  const Index channels = epilogue.target.shape.channels;
  for (Index c = 0; c < channels; c += block) {
    const Index width = std::min(block, channels - c);
    materialize_pre_activation(epilogue.value.channels(c, width), pixel, pixels, z.data(), block);
    for (Index i = 0; i < pixels; ++i) {
      T* const row = gradient + i * stride + c;
      if (!epilogue.added.empty()) {
        const T* const added = epilogue.added.data + (pixel + i) * epilogue.added.stride + c;
        for (Index k = 0; k < width; ++k) row[k] += added[k];
      }
      epilogue.value.activation.multiply_derivative(width, z.data() + i * block, row);
    }
  }
}

}  // namespace detail

/// Applies an epilogue to the gradients of `count` pixels, counted over the whole batch from `first` on.
/// @param gradient  rows that lie `stride` values apart; those of an activation that is no rectifier are changed
/// @param sums      epilogue.sums_size() values to add to
template <class T>
void apply_epilogue(const GradientEpilogue<T>& epilogue, Index first, Index count, T* gradient, Index stride, T* sums) {
  if (epilogue.value.activation.rectifier()) {
    detail::for_pixel_runs(first, count, [&](Index pixel, Index pixels) {
      detail::apply_rectified_epilogue(epilogue, pixel, pixels, gradient + (pixel - first) * stride, stride, sums);
    });
    return;
  }
  GradientEpilogue<T> rest = epilogue;
  rest.added = {};
  rest.value.activation = {};
  detail::for_pixel_runs(first, count, [&](Index pixel, Index pixels) {
    T* const rows = gradient + (pixel - first) * stride;
    detail::multiply_derivative(epilogue, pixel, pixels, rows, stride);
    detail::apply_rectified_epilogue(rest, pixel, pixels, rows, stride, sums);
  });
}

/// Writes the gradients of the batch norms' parameters, given the sums of each part of the batch, `stride` values
/// apart.
template <class T>
void write_norm_gradients(const Team& team, const GradientEpilogue<T>& epilogue, Index parts, Index stride,
                          const T* sums) {
  const Index channels = epilogue.target.shape.channels;
  for (Index k = 0; k < epilogue.norm_count(); ++k) {
    const NormSums<T>& norm = epilogue.norms[static_cast<std::size_t>(k)];
    sum_parts(team, parts, stride, sums, channels, norm.beta_gradient);
    sum_parts(team, parts, stride, sums + (1 + k) * channels, channels, norm.gamma_gradient);
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
