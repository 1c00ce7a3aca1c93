#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <lamina/core/error.hpp>
#include <lamina/core/hash.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/io/file.hpp>
#include <lamina/io/safetensors_header.hpp>
#include <lamina/io/tensor_file.hpp>

/// @file
/// Files in the safetensors format (https://github.com/huggingface/safetensors): the length of a header in 8 bytes, the
/// header in JSON, and then the tensors' values without gaps. Ours also hold a checksum, in the header's metadata.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

static_assert(std::endian::native == std::endian::little, "Lamina: safetensors files are little-endian");

/// How the header of a file with a checksum begins; 16 hexadecimal digits follow.
inline constexpr std::string_view kChecksumPrefix = R"({"__metadata__":{"checksum":")";
inline constexpr std::size_t kChecksumDigits = 16;
inline constexpr std::size_t kLengthBytes = 8;
inline constexpr std::size_t kChecksumPlace = kLengthBytes + kChecksumPrefix.size();

/// The checksum of a file, whose own digits count as zeros.
/// @pre the file reaches to the end of the digits
[[nodiscard]] inline std::string checksum(std::string_view file) {
  Hash hash;
  hash.add(file.substr(0, kChecksumPlace));
  hash.add(std::string_view("0000000000000000").substr(0, kChecksumDigits));
  hash.add(file.substr(kChecksumPlace + kChecksumDigits));
  return hexadecimal(hash.value());
}

/// The header of a file, which ends in the file.
[[nodiscard]] inline std::string_view header_text(const std::filesystem::path& path, std::string_view file) {
  if (file.size() < kLengthBytes) throw FileError(path.string(), "is too short for a safetensors file");
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  const std::string_view rest = file.substr(kLengthBytes);
  if (length > rest.size()) {
    throw FileError(path.string(), "is no safetensors file, or cut off: its header should have " +
                                       std::to_string(length) + " bytes, and " + std::to_string(rest.size()) +
                                       " follow");
  }
  return rest.substr(0, length);
}

/// Refuses tensors that overlap, or leave a gap, or end before or behind the end of the file.
inline void check_places(const SafetensorsHeaderParser& parser, const SafetensorsHeader& header, std::size_t size) {
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (const SafetensorsEntry& entry : header.entries) places.emplace_back(entry.begin, entry.end);
  std::ranges::sort(places);
  std::size_t last = 0;
  for (const auto& [begin, end] : places) {
    if (begin != last || end < begin) {
      parser.refuse("bytes " + std::to_string(std::min(begin, last)) + " to " + std::to_string(std::max(begin, last)) +
                    " of its values belong to no tensor or to two");
    }
    last = end;
  }
  if (last != size) {
    parser.refuse("its tensors have " + std::to_string(last) + " bytes of values, the file " + std::to_string(size));
  }
}

/// One entry of a header.
[[nodiscard]] inline nlohmann::ordered_json header_entry(const StoredTensor& tensor, std::size_t begin) {
  return {{"dtype", tensor.type}, {"shape", tensor.dimensions}, {"data_offsets", {begin, begin + tensor.bytes.size()}}};
}

}  // namespace detail

/// The content of a file in the safetensors format. Tensors come in the order of the header, and metadata without the
/// checksum.
/// @throws FileError when it is no such file, or the checksum that it holds is not that of its bytes
[[nodiscard]] inline TensorFile parse_safetensors(const std::filesystem::path& path, std::string_view bytes) {
  const std::string_view text = detail::header_text(path, bytes);
  const std::string_view data = bytes.substr(detail::kLengthBytes + text.size());
  const bool has_checksum = text.starts_with(detail::kChecksumPrefix) &&
                            text.size() >= detail::kChecksumPrefix.size() + detail::kChecksumDigits;
  if (has_checksum && bytes.substr(detail::kChecksumPlace, detail::kChecksumDigits) != detail::checksum(bytes)) {
    throw FileError(path.string(),
                    "is damaged: its checksum is not that of its " + std::to_string(bytes.size()) + " bytes");
  }

  const detail::SafetensorsHeaderParser parser(path);
  detail::SafetensorsHeader header = parser.parse(text);
  detail::check_places(parser, header, data.size());
  TensorFile file(path, has_checksum);
  file.metadata() = std::move(header.metadata);
  file.metadata().erase("checksum");
  for (auto& [tensor, begin, end] : header.entries) {
    const auto values = std::as_bytes(std::span(data.substr(begin, end - begin)));
    tensor.bytes.assign(values.begin(), values.end());
    file.add(std::move(tensor));
  }
  return file;
}

/// @throws FileError as parse_safetensors, and when the file cannot be read
[[nodiscard]] inline TensorFile read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(path, read_file(path));
}

/// The bytes of a file in the safetensors format, with a checksum. The same content gives the same bytes. In names and
/// metadata, what is no UTF-8 becomes U+FFFD.
/// @throws ArgumentError when a tensor or a metadata entry has a name that the format or the checksum needs
[[nodiscard]] inline std::string to_safetensors(const TensorFile& file) {
  nlohmann::ordered_json header;
  nlohmann::ordered_json& metadata = header["__metadata__"];
  metadata["checksum"] = std::string(detail::kChecksumDigits, '0');
  for (const auto& [key, value] : file.metadata()) {
    require(key != "checksum", "metadata of a safetensors file may not be named 'checksum'");
    metadata[key] = value;
  }
  std::size_t end = 0;
  for (const StoredTensor& tensor : file.tensors()) {
    require(tensor.name != "__metadata__", "a tensor of a safetensors file may not be named '__metadata__'");
    header[tensor.name] = detail::header_entry(tensor, std::exchange(end, end + tensor.bytes.size()));
  }
  std::string text = header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  text.append((detail::kLengthBytes - text.size() % detail::kLengthBytes) % detail::kLengthBytes, ' ');

  const std::uint64_t length = text.size();
  std::string bytes(detail::kLengthBytes, '\0');
  std::memcpy(bytes.data(), &length, detail::kLengthBytes);
  bytes.reserve(bytes.size() + text.size() + end);
  bytes += text;
  for (const StoredTensor& tensor : file.tensors()) {
    bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  bytes.replace(detail::kChecksumPlace, detail::kChecksumDigits, detail::checksum(bytes));
  return bytes;
}

/// Writes the file as a whole or not at all, and to the disk before it returns.
/// @throws FileError when it cannot be written; a file that was there is as before
inline void write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  write_file(path, to_safetensors(file));
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
