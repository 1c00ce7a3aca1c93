#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lamina::detail {

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
