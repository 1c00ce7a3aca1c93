#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// @file
/// Sums over bytes that find what goes wrong by accident, and do not resist anybody.

namespace lamina::detail {

/// FNV-1a with 64 bits (Fowler, Noll and Vo). Two inputs that differ in one byte never have the same sum.
/// @param hash  of the bytes before these
[[nodiscard]] constexpr std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t hash = 14695981039346656037U) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  return hash;
}

/// 16 digits.
[[nodiscard]] inline std::string hexadecimal(std::uint64_t value) {
  std::string digits(16, '0');
  for (std::size_t i = digits.size(); i-- > 0; value >>= 4U) digits[i] = "0123456789abcdef"[value & 15U];
  return digits;
}

/// CRC-32 of each byte, by the polynomial of ZIP archives.
inline constexpr std::array<std::uint32_t, 256> kCrc32Table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1U) ^ ((remainder & 1U) * 0xEDB88320U);
    table[byte] = remainder;
  }
  return table;
}();

/// CRC-32 of ZIP archives (ISO 3309).
[[nodiscard]] constexpr std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t remainder = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    remainder = (remainder >> 8U) ^ kCrc32Table[(remainder ^ static_cast<unsigned char>(byte)) & 255U];
  }
  return ~remainder;
}

static_assert(crc32("123456789") == 0xCBF43926U);

}  // namespace lamina::detail
