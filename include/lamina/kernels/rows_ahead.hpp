#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <lamina/core/buffer.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/simd.hpp>

namespace lamina::kernels {

/// Pixels of tensors that are read or written next, asked for in small pieces while products keep the core busy: memory
/// is as slow as the arithmetic. The channels may be slices of wider tensors.
class RowsAhead {
 public:
  /// Adds some pixels, counted over the whole batch, of up to eight tensors. An empty one adds nothing.
  template <class T>
  void add(const TensorView<T>& view, Range pixels) {
    if (view.empty() || pixels.size() <= 0) return;
    const auto bytes = [](Index values) { return values * static_cast<Index>(sizeof(T)); };
    const char* const first = reinterpret_cast<const char*>(view.data + pixels.begin * view.stride);
    if (view.dense()) {
      const Index size = bytes(pixels.size() * view.stride);
      streams_[count_++] = {.next = first, .stride = kLine, .bytes = 1, .rows = (size + kLine - 1) / kLine};
    } else {
      streams_[count_++] = {
          .next = first, .stride = bytes(view.stride), .bytes = bytes(view.shape.channels), .rows = pixels.size()};
    }
  }

  /// Divides all that was added into so many pieces.
  void divide(Index pieces) {
    for (Stream& stream : streams()) stream.piece = (stream.rows + pieces - 1) / std::max<Index>(pieces, 1);
  }

  /// Asks for the next piece, if there is one. Inlined by force, because g++ 12 takes a function that only prefetches
  /// for one without effect and drops its calls.
  [[gnu::always_inline]] void fetch() {
    for (Stream& stream : streams()) {
      const Index rows = std::min(stream.piece, stream.rows);
      for (Index row = 0; row < rows; ++row, stream.next += stream.stride) {
        for (Index byte = 0; byte < stream.bytes; byte += kLine) prefetch(stream.next + byte);
        if (stream.bytes > 1) prefetch(stream.next + stream.bytes - 1);
      }
      stream.rows -= rows;
    }
  }

 private:
  static constexpr Index kLine = static_cast<Index>(kAlignment);
  struct Stream {
    const char* next = nullptr;
    Index stride = 0;  ///< from row to row, in bytes
    Index bytes = 0;   ///< of a row
    Index rows = 0;    ///< left
    Index piece = 0;
  };

  [[nodiscard, gnu::always_inline]] std::span<Stream> streams() { return std::span(streams_).first(count_); }

  std::array<Stream, 8> streams_{};
  std::size_t count_ = 0;
};

}  // namespace lamina::kernels
