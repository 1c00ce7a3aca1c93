#pragma once

#include <array>

#include <lamina/core/buffer.hpp>
#include <lamina/core/shape.hpp>

namespace lamina::kernels {

/// Memory that will be read next, asked for in small pieces while a computation keeps the core busy: a step of training
/// touches tensors far larger than the caches, and memory is as slow as the arithmetic.
template <class T>
class ReadAhead {
 public:
  /// Adds `size` values from `data` on, eight times at most; does nothing when data is null.
  void add(const T* data, Index size) {
    if (data == nullptr || size <= 0) return;
    streams_[count_++] = {reinterpret_cast<const char*>(data), size * static_cast<Index>(sizeof(T))};
  }

  /// Asks for piece number `piece` of `pieces` about equal ones. Inlined by force, because g++ 12 takes a function that
  /// only prefetches for one without effect and drops its calls.
  [[gnu::always_inline]] void fetch(Index piece, Index pieces) const {
    for (std::size_t s = 0; s < count_; ++s) {
      const Index lines = (streams_[s].bytes + kLine - 1) / kLine;
      const char* const data = streams_[s].data;
      for (Index line = piece * lines / pieces; line < (piece + 1) * lines / pieces; ++line) {
        __builtin_prefetch(data + line * kLine, 0, 2);
      }
    }
  }

 private:
  static constexpr Index kLine = static_cast<Index>(kAlignment);
  struct Stream {
    const char* data;
    Index bytes;
  };
  std::array<Stream, 8> streams_{};
  std::size_t count_ = 0;
};

}  // namespace lamina::kernels
