#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/kernels/simd.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// What each part of a batch summed: arrays that lie `stride` values apart.
template <class T>
struct PartSums {
  const T* data = nullptr;
  Index parts = 0;
  Index stride = 0;

  /// The same arrays from a value on.
  [[nodiscard]] PartSums from(Index value) const { return {data + value, parts, stride}; }
};

/// result[i] = sum over parts of value i for i < size, parts added in order: the second half of every reduction over
/// the batch.
template <class T>
[[gnu::noinline]] void sum_parts(const PartSums<T>& sums, Index size, T* result) {
  for (Index i = 0; i < size; ++i) result[i] = sums.data[i];
  for (Index part = 1; part < sums.parts; ++part) {
    const T* const added = sums.data + part * sums.stride;
    for (Index i = 0; i < size; ++i) result[i] += added[i];
  }
}

/// The same, shared out.
template <class T>
[[gnu::noinline]] void sum_parts(const Team& team, const PartSums<T>& sums, Index size, T* result) {
  team.for_parts(size,
                 [&](Range range, Index) { sum_parts(sums.from(range.begin), range.size(), result + range.begin); });
}

/// Calls body.template operator()<Lanes>(channels) for the range of channels that the widest vectors cover, then for
/// what 16-byte vectors cover of the rest, then for what remains, one by one; never for an empty range.
template <class T, class Body>
[[gnu::always_inline]] inline void for_channel_panels(Index channels, const Body& body) {
  constexpr Index wide = kWidestLanes<T>;
  constexpr Index narrow = 16 / static_cast<Index>(sizeof(T));
  const Index first = channels / wide * wide;
  const Index second = channels / narrow * narrow;
  if (first > 0) body.template operator()<wide>(Range{0, first});
  if constexpr (narrow < wide) {
    if (second > first) body.template operator()<narrow>(Range{first, second});
  }
  if (channels > second) body.template operator()<1>(Range{second, channels});
}

/// Calls body.template operator()<Lanes>(first channel) for each vector of those panels.
template <class T, class Body>
[[gnu::always_inline]] inline void for_channel_vectors(Index channels, const Body& body) {
  for_channel_panels<T>(channels, [&]<Index Lanes>(Range panel) {
    for (Index c = panel.begin; c < panel.end; c += Lanes) body.template operator()<Lanes>(c);
  });
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

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
