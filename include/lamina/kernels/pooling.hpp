#pragma once

#include <algorithm>

#include <lamina/core/tensor.hpp>
#include <lamina/kernels/reduction.hpp>

/// @file
/// Pooling over windows of Window x Window pixels that lie side by side, and over whole images. Each function reads
/// its inputs once and writes its result once.

namespace lamina::kernels {

namespace detail {

/// Calls body(sample, offset of the output pixel, offset of the window's first input pixel) for every output pixel.
template <Index Channels, Index Window, class Body>
void for_each_window(const Team& team, Index batch, const Shape& output, const Body& body) {
  team.for_parts(batch, [&](Range samples, Index) {
    for (Index n = samples.begin; n < samples.end; ++n) {
      for (Index y = 0; y < output.height; ++y) {
        for (Index x = 0; x < output.width; ++x) {
          body(n, (y * output.width + x) * Channels, (y * output.width * Window + x) * Window * Channels);
        }
      }
    }
  });
}

/// Calls body(offset from the window's first pixel) for the pixels of a window, row by row.
template <Index Channels, Index Window, class Body>
[[gnu::always_inline]] inline void for_each_in_window(Index input_width, const Body& body) {
  for (Index i = 0; i < Window; ++i) {
    for (Index j = 0; j < Window; ++j) body((i * input_width + j) * Channels);
  }
}

}  // namespace detail

template <class T, Index Channels, Index Window>
void average_pool(const Team& team, TensorView<const T> x, TensorView<T> y) {
  constexpr T weight = T{1} / T{Window * Window};
  detail::for_each_window<Channels, Window>(team, x.batch, y.shape, [&](Index n, Index to, Index from) {
    for_channel_vectors<T>(Channels, [&]<Index Lanes>(Index c) {
      Vector<T, Lanes> sum{};
      detail::for_each_in_window<Channels, Window>(
          x.shape.width, [&](Index offset) { sum += load<T, Lanes>(x.sample(n) + from + offset + c); });
      store<T, Lanes>(y.sample(n) + to + c, sum * weight);
    });
  });
}

template <class T, Index Channels, Index Window>
void average_pool_gradient(const Team& team, TensorView<const T> dy, TensorView<T> dx) {
  constexpr T weight = T{1} / T{Window * Window};
  detail::for_each_window<Channels, Window>(team, dx.batch, dy.shape, [&](Index n, Index from, Index to) {
    for_channel_vectors<T>(Channels, [&]<Index Lanes>(Index c) {
      const Vector<T, Lanes> share = load<T, Lanes>(dy.sample(n) + from + c) * weight;
      detail::for_each_in_window<Channels, Window>(
          dx.shape.width, [&](Index offset) { store<T, Lanes>(dx.sample(n) + to + offset + c, share); });
    });
  });
}

/// NaN in a window is its maximum, as in PyTorch.
template <class T, Index Channels, Index Window>
void max_pool(const Team& team, TensorView<const T> x, TensorView<T> y) {
  detail::for_each_window<Channels, Window>(team, x.batch, y.shape, [&](Index n, Index to, Index from) {
    for_channel_vectors<T>(Channels, [&]<Index Lanes>(Index c) {
      Vector<T, Lanes> most = load<T, Lanes>(x.sample(n) + from + c);
      detail::for_each_in_window<Channels, Window>(x.shape.width, [&](Index offset) {
        const Vector<T, Lanes> value = load<T, Lanes>(x.sample(n) + from + offset + c);
        most = value > most || value != value ? value : most;
      });
      store<T, Lanes>(y.sample(n) + to + c, most);
    });
  });
}

/// The gradient goes to the first pixel that holds the maximum y, as in PyTorch; a NaN is the maximum.
template <class T, Index Channels, Index Window>
void max_pool_gradient(const Team& team, TensorView<const T> x, TensorView<const T> y, TensorView<const T> dy,
                       TensorView<T> dx) {
  detail::for_each_window<Channels, Window>(team, x.batch, y.shape, [&](Index n, Index out, Index in) {
    for (Index c = 0; c < Channels; ++c) {
      bool found = false;
      detail::for_each_in_window<Channels, Window>(x.shape.width, [&](Index offset) {
        const T value = x.sample(n)[in + offset + c];
        const bool first = !found && (value == y.sample(n)[out + c] || value != value);
        dx.sample(n)[in + offset + c] = first ? dy.sample(n)[out + c] : T{0};
        found = found || first;
      });
    }
  });
}

/// Mean of all pixels of a sample.
template <class T, Index Channels>
void global_average_pool(const Team& team, TensorView<const T> x, TensorView<T> y) {
  const Index pixels = x.shape.pixels();
  team.for_parts(x.batch, [&](Range samples, Index) {
    for (Index n = samples.begin; n < samples.end; ++n) {
      T* const means = y.sample(n);
      sum_channels<T, Channels>(
          pixels, [&]<Index Lanes>(Index, Index offset) { return load<T, Lanes>(x.sample(n) + offset); }, means);
      for (Index c = 0; c < Channels; ++c) means[c] /= static_cast<T>(pixels);
    }
  });
}

template <class T, Index Channels>
void global_average_pool_gradient(const Team& team, TensorView<const T> dy, TensorView<T> dx) {
  const Index pixels = dx.shape.pixels();
  const T weight = T{1} / static_cast<T>(pixels);
  team.for_parts(dx.batch, [&](Range samples, Index) {
    for (Index n = samples.begin; n < samples.end; ++n) {
      for (Index i = 0; i < pixels * Channels; ++i) dx.sample(n)[i] = dy.sample(n)[i % Channels] * weight;
    }
  });
}

}  // namespace lamina::kernels
