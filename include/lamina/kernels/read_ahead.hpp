#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <lamina/core/buffer.hpp>
#include <lamina/kernels/simd.hpp>

namespace lamina::kernels {

/// Memory that will be read next, asked for in small pieces while a computation keeps the core busy: a step of training
/// touches tensors far larger than the caches, and memory is as slow as the arithmetic. Small pieces matter: a core can
/// wait for a dozen cache lines at a time, and one that asks for more stands still.
template <class T>
class ReadAhead {
 public:
  /// Adds `size` values from `data` on, eight times at most; does nothing when data is null.
  void add(const T* data, Index size) {
    if (data == nullptr || size <= 0) return;
    const char* const begin = reinterpret_cast<const char*>(data);
    streams_[count_++] = {.next = begin, .end = begin + size * static_cast<Index>(sizeof(T)), .piece = 0};
  }

  /// Divides all that was added into so many pieces.
  void divide(Index pieces) {
    for (Stream& stream : streams()) stream.piece = round_up((stream.end - stream.next + pieces - 1) / pieces, kLine);
  }

  /// Asks for the next piece, if there is one. Inlined by force, because g++ 12 takes a function that only prefetches
  /// for one without effect and drops its calls.
  [[gnu::always_inline]] void fetch() {
    for (Stream& stream : streams()) {
      const char* const end = std::min(stream.next + stream.piece, stream.end);
      for (; stream.next < end; stream.next += kLine) prefetch(stream.next);
    }
  }

 private:
  static constexpr Index kLine = static_cast<Index>(kAlignment);
  struct Stream {
    const char* next;
    const char* end;
    Index piece;
  };

  [[nodiscard, gnu::always_inline]] std::span<Stream> streams() { return std::span(streams_).first(count_); }

  std::array<Stream, 8> streams_{};
  std::size_t count_ = 0;
};

}  // namespace lamina::kernels
