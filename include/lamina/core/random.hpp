#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What a stream of random numbers is for, so that no two uses share one.
enum class RandomPurpose : std::uint32_t {
  initialization,
  split,
  shuffle,
  augmentation,
  dropout,
  procedural,
  test,
  mixup,
  cutout,
};

/// Philox 4x32-10: four random words as a pure function of a 128-bit counter and a 64-bit key (Salmon et al.,
/// "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
[[nodiscard]] constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::uint64_t key) {
  auto low = static_cast<std::uint32_t>(key);
  auto high = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ low, static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ high, static_cast<std::uint32_t>(a)};
    low += 0x9E3779B9;
    high += 0xBB67AE85;
  }
  return counter;
}

/// Random numbers that depend on (seed, purpose, major, minor) and on how many were drawn before from this very
/// object, never on other streams or threads. `major` and `minor` are, for example, epoch and sample.
class RandomStream {
 public:
  constexpr RandomStream(std::uint64_t seed, RandomPurpose purpose, std::uint32_t major = 0, std::uint32_t minor = 0)
      : seed_(seed), counter_{0, minor, major, static_cast<std::uint32_t>(purpose)} {}

  /// 32 random bits.
  constexpr std::uint32_t bits() {
    if (used_ == words_.size()) {
      words_ = philox(counter_, seed_);
      ++counter_[0];
      used_ = 0;
    }
    return words_[used_++];
  }

  /// Uniform in [0, 1), a multiple of 2^-24: exact in float and in double.
  constexpr double uniform() { return static_cast<double>(bits() >> 8) * 0x1p-24; }
  constexpr double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Uniform in 0 ... bound - 1 for bound >= 1; the bias of 2^-32 bound is below anything observable here.
  constexpr std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>((std::uint64_t{bits()} * bound) >> 32);
  }

  /// Standard normal (Box and Muller 1958).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t seed_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> words_{};
  std::size_t used_ = 4;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
