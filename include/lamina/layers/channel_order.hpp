#pragma once

#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Where files have each channel of a value. Files mean what PyTorch's mean: behind Flatten the values of an image come
/// as (channel, row, column) there, and as (row, column, channel) in Lamina. All other channels are the same in both.
/// The order is a list of runs of channels, one behind the other in both; each run is a flattened image.
class ChannelOrder {
 public:
  /// Runs that an order has room for; a network that needs more does not compile.
  static constexpr std::size_t kMostRuns = 8;

  constexpr ChannelOrder() = default;

  /// The order of channels that are the same in files.
  [[nodiscard]] static constexpr ChannelOrder same(Index channels) { return flattened({1, 1, channels}); }
  /// The order of the values of an image in one row.
  [[nodiscard]] static constexpr ChannelOrder flattened(const Shape& image) {
    ChannelOrder order;
    order.append_run(image);
    return order;
  }

  /// Puts the channels of another value behind these, as a concatenation does.
  constexpr void append(const ChannelOrder& other) {
    for (std::size_t i = 0; i < other.count_; ++i) append_run(other.runs_[i]);
  }

  /// Number of channels.
  [[nodiscard]] constexpr Index size() const {
    Index sum = 0;
    for (std::size_t i = 0; i < count_; ++i) sum += runs_[i].size();
    return sum;
  }

  /// Whether files have every channel where Lamina has it.
  [[nodiscard]] constexpr bool is_same() const { return count_ == 0 || (count_ == 1 && runs_[0].pixels() == 1); }

  /// The place that a channel has in files.
  [[nodiscard]] constexpr Index in_files(Index channel) const {
    Index begin = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const Index place = channel - begin;
      if (place < runs_[i].size()) {
        return begin + place % runs_[i].channels * runs_[i].pixels() + place / runs_[i].channels;
      }
      begin += runs_[i].size();
    }
    return channel;
  }

  friend constexpr bool operator==(const ChannelOrder&, const ChannelOrder&) = default;

 private:
  /// Appends a flattened image; neighbours in the same order as in files become one run.
  constexpr void append_run(const Shape& image) {
    const bool plain = image.pixels() == 1 || image.channels == 1;
    if (plain && count_ > 0 && runs_[count_ - 1].pixels() == 1) {
      runs_[count_ - 1].channels += image.size();
    } else {
      runs_[count_++] = plain ? Shape{1, 1, image.size()} : image;
    }
  }

  std::array<Shape, kMostRuns> runs_{};
  std::size_t count_ = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
