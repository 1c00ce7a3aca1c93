#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The hash FNV-1a of 64 bits (Fowler, Noll and Vo), over bytes or words. It is not cryptographic: it
/// detects accidental changes. Inputs that differ in one byte or word never have the same hash.
class Hash {
 public:
  constexpr void add(std::uint64_t word) { value_ = (value_ ^ word) * 1099511628211U; }
  constexpr void add(std::string_view bytes) {
    for (const char byte : bytes) add(std::uint64_t{static_cast<unsigned char>(byte)});
  }
  [[nodiscard]] constexpr std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 14695981039346656037U;
};

/// "00000000000000ff": 16 digits.
[[nodiscard]] inline std::string hexadecimal(std::uint64_t value) {
  std::string digits(16, '0');
  for (std::size_t i = digits.size(); i-- > 0; value >>= 4U) digits[i] = "0123456789abcdef"[value & 15U];
  return digits;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
