#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <lamina/core/error.hpp>
#include <lamina/io/npy_header.hpp>
#include <lamina/io/stored_tensor.hpp>

/// @file
/// Arrays in NumPy's format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a magic word, the
/// version, the length of a header, the header, and the values.

namespace lamina::detail {

inline constexpr std::string_view kNpyMagic = "\x93NUMPY";

/// Our name and NumPy's of the types that both have.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kNpyTypes{{{"F64", "<f8"},
                                                                                          {"F32", "<f4"},
                                                                                          {"F16", "<f2"},
                                                                                          {"I64", "<i8"},
                                                                                          {"I32", "<i4"},
                                                                                          {"I16", "<i2"},
                                                                                          {"I8", "|i1"},
                                                                                          {"U64", "<u8"},
                                                                                          {"U32", "<u4"},
                                                                                          {"U16", "<u2"},
                                                                                          {"U8", "|u1"},
                                                                                          {"BOOL", "|b1"}}};

/// "(2, 3)", "(2,)" or "()".
[[nodiscard]] inline std::string python_tuple(const Dimensions& dimensions) {
  std::string text;
  for (const Index size : dimensions) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "(" + text + (dimensions.size() == 1 ? ",)" : ")");
}

/// A tensor as an array.
/// @param where  for errors
/// @throws FileError when NumPy has no such type, or not so many dimensions
[[nodiscard]] inline std::string to_npy(const std::string& where, const StoredTensor& tensor) {
  const auto* const type =
      std::ranges::find(kNpyTypes, tensor.type, &std::pair<std::string_view, std::string_view>::first);
  if (type == kNpyTypes.end()) throw FileError(where, "NumPy has no type " + tensor.type);
  constexpr std::size_t most_dimensions = 32;
  if (tensor.dimensions.size() > most_dimensions) throw FileError(where, "has more dimensions than NumPy's arrays can");
  std::string header = "{'descr': '" + std::string(type->second) +
                       "', 'fortran_order': False, 'shape': " + python_tuple(tensor.dimensions) + ", }";
  // The values of an array in a file of its own would be aligned to 64 bytes, as NumPy's are.
  constexpr std::size_t fixed = 10;
  header.append(63 - (fixed + header.size()) % 64, ' ').push_back('\n');
  const auto length = static_cast<std::uint16_t>(header.size());
  std::string bytes(kNpyMagic);
  bytes.append({1, 0, static_cast<char>(length & 255U), static_cast<char>(length >> 8U)});
  bytes.append(header);
  bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  return bytes;
}

/// The length of an array's header, and where that begins.
[[nodiscard]] inline std::pair<std::size_t, std::size_t> npy_header_place(const std::string& where,
                                                                          std::string_view bytes) {
  constexpr std::size_t version_place = kNpyMagic.size();
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(bytes[i])}; };
  if (!bytes.starts_with(kNpyMagic) || bytes.size() < 12) throw FileError(where, "is no array of NumPy's");
  const std::size_t version = byte(version_place);
  if (version < 1 || version > 3) throw FileError(where, "is an array in version " + std::to_string(version));
  if (version == 1) return {byte(8) + (byte(9) << 8U), 10};
  return {byte(8) + (byte(9) << 8U) + (byte(10) << 16U) + (byte(11) << 24U), 12};
}

/// An array as a tensor.
/// @param where  for errors
/// @throws FileError when it is none that we can read: of another type, big-endian, in Fortran order, cut off
[[nodiscard]] inline StoredTensor parse_npy(const std::string& where, std::string name, std::string_view bytes) {
  const auto [length, begin] = npy_header_place(where, bytes);
  if (length > bytes.size() - begin) throw FileError(where, "is cut off in its header");
  const NpyHeader header = NpyHeaderParser(where, bytes.substr(begin, length)).parse();
  const auto* const type =
      std::ranges::find(kNpyTypes, header.type, &std::pair<std::string_view, std::string_view>::second);
  if (header.type.starts_with('>')) throw FileError(where, "is big-endian, of type '" + header.type + "'");
  if (header.type.starts_with("|O")) throw FileError(where, "is an array of Python objects");
  if (type == kNpyTypes.end()) throw FileError(where, "is an array of type '" + header.type + "'");
  if (header.fortran_order) throw FileError(where, "is in Fortran order; numpy.ascontiguousarray changes that");
  const auto values = std::as_bytes(std::span(bytes.substr(begin + length)));
  return {.name = std::move(name),
          .type = std::string(type->first),
          .dimensions = header.dimensions,
          .bytes = {values.begin(), values.end()}};
}

}  // namespace lamina::detail
