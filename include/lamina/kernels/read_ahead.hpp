#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <lamina/core/buffer.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/range.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/simd.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Pixels of tensors that are read or written next, asked for in small pieces while products keep the core busy: a step
/// of training touches tensors far larger than the caches, and memory is as slow as the arithmetic. Small pieces
/// matter: a core can wait for a dozen cache lines at a time, and one that asks for more stands still. The channels may
/// be slices of wider tensors.
class ReadAhead {
 public:
  /// Adds some pixels, counted over the whole batch, of up to eight tensors. An empty one adds nothing.
  template <class T>
  [[gnu::noinline]] void add(const TensorView<T>& view, Range pixels) {
    if (view.empty() || pixels.size() <= 0) return;
    const auto bytes = [](Index values) { return values * static_cast<Index>(sizeof(T)); };
    const char* const first = reinterpret_cast<const char*>(view.data + pixels.begin * view.stride);
    if (view.dense()) {
      runs_[run_count_++] = {.next = first, .end = first + bytes(pixels.size() * view.stride)};
    } else {
      slices_[slice_count_++] = {
          .next = first, .stride = bytes(view.stride), .bytes = bytes(view.shape.channels), .rows = pixels.size()};
    }
  }

  /// Divides all that was added into so many pieces.
  void divide(Index pieces) {
    const auto piece_of = [pieces](Index size) { return (size + pieces - 1) / std::max<Index>(pieces, 1); };
    for (Run& run : runs()) run.piece = round_up(piece_of(run.end - run.next), kLine);
    for (Slice& slice : slices()) slice.piece = piece_of(slice.rows);
  }

  /// Asks for the next piece, if there is one. Inlined by force, because g++ 12 takes a function that only prefetches
  /// for one without effect and drops its calls.
  [[gnu::always_inline]] void fetch() {
    for (Run& run : runs()) {
      const char* const end = std::min(run.next + run.piece, run.end);
      for (; run.next < end; run.next += kLine) prefetch(run.next);
    }
    for (Slice& slice : slices()) {
      const Index rows = std::min(slice.piece, slice.rows);
      for (Index row = 0; row < rows; ++row, slice.next += slice.stride) {
        for (Index byte = 0; byte < slice.bytes; byte += kLine) prefetch(slice.next + byte);
        prefetch(slice.next + slice.bytes - 1);
      }
      slice.rows -= rows;
    }
  }

 private:
  static constexpr Index kLine = static_cast<Index>(kAlignment);
  /// Dense pixels, in bytes.
  struct Run {
    const char* next = nullptr;
    const char* end = nullptr;
    Index piece = 0;
  };
  /// Pixels that other channels lie between.
  struct Slice {
    const char* next = nullptr;
    Index stride = 0;  ///< from row to row, in bytes
    Index bytes = 0;   ///< of a row
    Index rows = 0;    ///< left
    Index piece = 0;   ///< in rows
  };

  [[nodiscard, gnu::always_inline]] std::span<Run> runs() { return std::span(runs_).first(run_count_); }
  [[nodiscard, gnu::always_inline]] std::span<Slice> slices() { return std::span(slices_).first(slice_count_); }

  std::array<Run, 8> runs_{};
  std::array<Slice, 8> slices_{};
  std::size_t run_count_ = 0;
  std::size_t slice_count_ = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
