#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/range.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// A thread's share of a loop: a run of blocks, which the thread takes one by one from the front and others from the
/// back. It is a single word, so whoever takes a block owns it, however long he slept between reading the word and
/// changing it: there are blocks in it only while their loop runs.
class alignas(64) BlockQueue {
 public:
  static constexpr Index kMostBlocks = (Index{1} << 24) - 1;
  static constexpr Index kNone = -1;

  /// @param threads  threads with smaller numbers may take blocks
  void fill(Range blocks, Index threads) {
    word_.store(pack(blocks, std::min(threads, kMostThreads)), std::memory_order_release);
  }

  /// @return the number of a block, or kNone where there is none for this thread
  [[nodiscard]] Index take(Index thread, bool from_front) {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    while (true) {
      Range blocks{field(word, 0), field(word, kBlockBits)};
      const auto threads = static_cast<Index>(word >> (2 * kBlockBits));
      if (blocks.begin >= blocks.end || thread >= threads) return kNone;
      const Index block = from_front ? blocks.begin++ : --blocks.end;
      // What fill() published with the word, and what the thread that fills it next has to see of this one.
      if (word_.compare_exchange_weak(word, pack(blocks, threads), std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
        return block;
      }
    }
  }

 private:
  static constexpr int kBlockBits = 24;
  static constexpr Index kMostThreads = (Index{1} << 16) - 1;

  static Index field(std::uint64_t word, int shift) { return static_cast<Index>(word >> shift) & kMostBlocks; }
  static std::uint64_t pack(Range blocks, Index threads) {
    return static_cast<std::uint64_t>(blocks.begin) | static_cast<std::uint64_t>(blocks.end) << kBlockBits |
           static_cast<std::uint64_t>(threads) << (2 * kBlockBits);
  }

  std::atomic<std::uint64_t> word_ = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
