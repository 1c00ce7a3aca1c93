#pragma once

#include <array>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/expression.hpp>
#include <lamina/kernels/pixel_rows.hpp>

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

/// Adds a vector to values in memory.
template <Index Lanes, class T>
[[gnu::always_inline]] inline void add_to(T* to, Vector<T, Lanes> added) {
  store<T, Lanes>(to, load<T, Lanes>(to) + added);
}

/// Sums the gradient of a batch norm's gamma over a run of pixels for one channel vector.
template <class T, Index Lanes>
struct NormReader {
  PixelPointer<const T> raw{};
  Vector<T, Lanes> mean{};
  Vector<T, Lanes> inverse_deviation{};
  Vector<T, Lanes> gamma{};

  NormReader() = default;
  NormReader(const NormSums<T>& norm, Index pixel, Index channel)
      : raw(norm.raw, pixel, channel),
        mean(load<T, Lanes>(norm.mean + channel)),
        inverse_deviation(load<T, Lanes>(norm.inverse_deviation + channel)) {}

  [[gnu::always_inline]] void add(Index i, Vector<T, Lanes> dz) {
    const Vector<T, Lanes> centered = load<T, Lanes>(raw[i]) - mean;
    gamma = multiply_add<T, Lanes>(dz, centered * inverse_deviation, gamma);
  }
};

/// apply_epilogue for a rectifier, over some pixels in a row. The number of batch norms is asked in the loop: code of
/// its own for each would save nothing that can be measured.
template <class T>
[[gnu::noinline]] void apply_rectified_epilogue(const GradientEpilogue<T>& epilogue, Range pixels,
                                                PixelRows<const T> gradient, T* sums) {
  const Index channels = epilogue.target.shape.channels;
  const Index norms = epilogue.norm_count();
  const bool signs = epilogue.value.activation.rectifier() && !epilogue.value.activation.identity();
  const bool accumulate = epilogue.accumulate;
  const T slope = epilogue.value.activation.slope;
  for_channel_vectors<T>(channels, [&]<Index Lanes>(Index c) {
    const ExpressionReader<T, Lanes> read(epilogue.value, c);
    const auto scale = epilogue.scale == nullptr ? broadcast<T, Lanes>(1) : load<T, Lanes>(epilogue.scale + c);
    const PixelPointer<const T> added(epilogue.added, pixels.begin, c);
    const PixelPointer<T> target(epilogue.target, pixels.begin, c);
    const Index value_stride = epilogue.value.raw.stride;
    const Index addend_stride = epilogue.value.addend.stride;
    NormReader<T, Lanes> first;
    NormReader<T, Lanes> second;
    if (norms > 0) first = {epilogue.norms[0], pixels.begin, c};
    if (norms > 1) second = {epilogue.norms[1], pixels.begin, c};
    Vector<T, Lanes> beta{};
    for (Index i = 0; i < pixels.size(); ++i) {
      Vector<T, Lanes> dz = load<T, Lanes>(gradient.data + i * gradient.stride + c);
      if (added.first != nullptr) dz += load<T, Lanes>(added[i]);
      if (signs) {
        const Index pixel = pixels.begin + i;
        const auto z = read.pre_activation(pixel * value_stride + c, pixel * addend_stride + c);
        dz = z > 0 ? dz : dz * slope;
      }
      store<T, Lanes>(target[i],
                      accumulate ? multiply_add<T, Lanes>(dz, scale, load<T, Lanes>(target[i])) : dz * scale);
      if (norms == 0) continue;
      beta += dz;
      first.add(i, dz);
      if (norms > 1) second.add(i, dz);
    }
    if (norms == 0) return;
    add_to<Lanes>(sums + c, beta);
    add_to<Lanes>(sums + channels + c, first.gamma);
    if (norms > 1) add_to<Lanes>(sums + 2 * channels + c, second.gamma);
  });
}

/// gradient = (gradient + added) activation'(z) for an activation that is no rectifier.
template <class T>
void multiply_derivative(const GradientEpilogue<T>& epilogue, Range pixels, PixelRows<T> gradient) {
  constexpr Index block = 64;
  std::array<T, static_cast<std::size_t>(kPixelRun * block)> z;
  const Index channels = epilogue.target.shape.channels;
  for (Index c = 0; c < channels; c += block) {
    const Index width = std::min(block, channels - c);
    materialize_pre_activation(epilogue.value.channels(c, width), pixels.begin, pixels.size(), z.data(), block);
    for (Index i = 0; i < pixels.size(); ++i) {
      T* const row = gradient.data + i * gradient.stride + c;
      if (!epilogue.added.empty()) {
        const T* const added = epilogue.added.data + (pixels.begin + i) * epilogue.added.stride + c;
        for (Index k = 0; k < width; ++k) row[k] += added[k];
      }
      epilogue.value.activation.multiply_derivative(width, z.data() + i * block, row);
    }
  }
}

}  // namespace detail

/// Applies an epilogue to the gradients of some pixels, counted over the whole batch.
/// @param gradient  those of an activation that is no rectifier are changed
/// @param sums      epilogue.sums_size() values to add to
template <class T>
void apply_epilogue(const GradientEpilogue<T>& epilogue, Range pixels, PixelRows<T> gradient, T* sums) {
  GradientEpilogue<T> rest = epilogue;
  const bool rectifier = epilogue.value.activation.rectifier();
  if (!rectifier) {
    rest.added = {};
    rest.value.activation = {};
  }
  detail::for_pixel_runs(pixels.begin, pixels.size(), [&](Index first, Index count) {
    const Range run{first, first + count};
    const PixelRows<T> rows{gradient.data + (first - pixels.begin) * gradient.stride, gradient.stride};
    if (!rectifier) detail::multiply_derivative(epilogue, run, rows);
    detail::apply_rectified_epilogue<T>(rest, run, {rows.data, rows.stride}, sums);
  });
}

/// Writes the gradients of the batch norms' parameters, given the sums of each part of the batch.
template <class T>
void write_norm_gradients(const Team& team, const GradientEpilogue<T>& epilogue, const PartSums<T>& sums) {
  const Index channels = epilogue.target.shape.channels;
  for (Index k = 0; k < epilogue.norm_count(); ++k) {
    const NormSums<T>& norm = epilogue.norms[static_cast<std::size_t>(k)];
    sum_parts(team, sums, channels, norm.beta_gradient);
    sum_parts(team, sums.from((1 + k) * channels), channels, norm.gamma_gradient);
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
