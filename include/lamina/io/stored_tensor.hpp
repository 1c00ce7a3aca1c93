#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Name of a type of values in safetensors files: "F32". Types of one byte are "U8".
template <class T>
inline constexpr std::string_view kStoredType = [] {
  if constexpr (std::is_same_v<T, float>) return "F32";
  if constexpr (std::is_same_v<T, double>) return "F64";
  if constexpr (std::is_same_v<T, std::int64_t>) return "I64";
  if constexpr (std::is_same_v<T, std::uint64_t>) return "U64";
  if constexpr (sizeof(T) == 1) return "U8";
}();

/// Dimensions of a tensor in a file, the slowest first; empty for a single value.
using Dimensions = std::vector<Index>;

/// "32x3x3x3", or "a single value".
[[nodiscard]] inline std::string to_string(const Dimensions& dimensions) {
  std::string text;
  for (const Index size : dimensions) text.append(text.empty() ? "" : "x").append(std::to_string(size));
  return text.empty() ? "a single value" : text;
}

/// A named tensor as a file holds it: row-major, little-endian.
struct StoredTensor {
  std::string name;
  std::string type;  ///< as kStoredType
  Dimensions dimensions;
  std::vector<std::byte> bytes;
};

namespace detail {

/// Bytes of a value of a stored type, 0 for an unknown one.
[[nodiscard]] constexpr std::size_t stored_size(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, std::size_t>, 13> sizes{{{"F64", 8},
                                                                            {"F32", 4},
                                                                            {"F16", 2},
                                                                            {"BF16", 2},
                                                                            {"I64", 8},
                                                                            {"I32", 4},
                                                                            {"I16", 2},
                                                                            {"I8", 1},
                                                                            {"U64", 8},
                                                                            {"U32", 4},
                                                                            {"U16", 2},
                                                                            {"U8", 1},
                                                                            {"BOOL", 1}}};
  for (const auto& [name, size] : sizes) {
    if (name == type) return size;
  }
  return 0;
}

/// Bytes of a tensor; nothing where a dimension is negative or memory has no such size.
[[nodiscard]] inline std::optional<std::size_t> stored_bytes(std::string_view type, const Dimensions& dimensions) {
  std::size_t size = stored_size(type);
  for (const Index dimension : dimensions) {
    if (dimension < 0) return std::nullopt;
    const auto count = static_cast<std::size_t>(dimension);
    if (count > 0 && size > std::numeric_limits<std::size_t>::max() / count) return std::nullopt;
    size *= count;
  }
  return size;
}

}  // namespace detail

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
