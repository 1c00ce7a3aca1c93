#pragma once

#include <lamina/core/team.hpp>
#include <lamina/kernels/simd.hpp>

namespace lamina::kernels {

/// result[i] = sum over parts of partial[part * stride + i] for i < size, parts added in order: the second half of
/// every reduction over the batch.
template <class T>
void sum_parts(const Team& team, Index parts, Index stride, const T* partial, Index size, T* result) {
  team.for_parts(size, [&](Range range, Index) {
    for (Index i = range.begin; i < range.end; ++i) result[i] = partial[i];
    for (Index part = 1; part < parts; ++part) {
      for (Index i = range.begin; i < range.end; ++i) result[i] += partial[part * stride + i];
    }
  });
}

/// Calls body.template operator()<Lanes>(first channel) so that the widest vectors, then vectors of four and single
/// values cover all channels.
template <class T, class Body>
[[gnu::always_inline]] inline void for_channel_vectors(Index channels, const Body& body) {
  constexpr Index lanes = kWidestLanes<T>;
  const Index whole = channels / lanes * lanes;
  for (Index c = 0; c < whole; c += lanes) body.template operator()<lanes>(c);
  Index rest = whole;
  if constexpr (lanes > 4) {
    for (; rest + 4 <= channels; rest += 4) body.template operator()<4>(rest);
  }
  for (; rest < channels; ++rest) body.template operator()<1>(rest);
}

/// sums[c] = sum over pixels of value.template operator()<Lanes>(c, offset of channel c of the pixel): four running
/// sums a channel.
template <class T, Index Channels, class Value>
void sum_channels(Index pixels, const Value& value, T* sums) {
  for_channel_vectors<T>(Channels, [&]<Index Lanes>(Index c) {
    Vector<T, Lanes> running[4] = {};
    Index pixel = 0;
    for (; pixel + 4 <= pixels; pixel += 4) {
#pragma GCC unroll 4
      for (Index i = 0; i < 4; ++i) running[i] += value.template operator()<Lanes>(c, (pixel + i) * Channels + c);
    }
    for (; pixel < pixels; ++pixel) running[0] += value.template operator()<Lanes>(c, pixel * Channels + c);
    store<T, Lanes>(sums + c, (running[0] + running[1]) + (running[2] + running[3]));
  });
}

}  // namespace lamina::kernels
