#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <lamina/io/file.hpp>
#include <lamina/io/tensor_file.hpp>

/// @file
/// Files in the safetensors format (https://github.com/huggingface/safetensors): the length of a header in 8 bytes, the
/// header in JSON, and then the tensors' values without gaps. Ours also hold a checksum, in the header's metadata.

namespace lamina {

namespace detail {

/// How the header of a file with a checksum begins; 16 hexadecimal digits follow.
inline constexpr std::string_view kChecksumPrefix = R"({"__metadata__":{"checksum":")";
inline constexpr std::size_t kChecksumDigits = 16;
inline constexpr std::size_t kLengthBytes = 8;

/// FNV-1a with 64 bits. It finds what goes wrong by accident, and does not resist anybody.
[[nodiscard]] inline std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t hash = 14695981039346656037U) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  return hash;
}

[[nodiscard]] inline std::string hexadecimal(std::uint64_t value) {
  std::string digits(kChecksumDigits, '0');
  for (std::size_t i = kChecksumDigits; i-- > 0; value >>= 4U) digits[i] = "0123456789abcdef"[value & 15U];
  return digits;
}

/// The checksum of a file, whose own digits count as zeros.
[[nodiscard]] inline std::string checksum(std::string_view file) {
  const std::size_t digits = kLengthBytes + kChecksumPrefix.size();
  std::uint64_t hash = hash_bytes(file.substr(0, digits));
  hash = hash_bytes(std::string(kChecksumDigits, '0'), hash);
  return hexadecimal(hash_bytes(file.substr(digits + kChecksumDigits), hash));
}

/// Bytes of a value of a stored type, 0 for an unknown one.
[[nodiscard]] inline std::size_t stored_size(std::string_view type) {
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

/// One entry of a header, and the bytes it stands for.
[[nodiscard]] inline StoredTensor stored_tensor(const std::string& name, const nlohmann::ordered_json& entry,
                                                std::string_view data, std::size_t& end_of_last) {
  StoredTensor tensor{.name = name, .type = entry.at("dtype"), .dimensions = entry.at("shape"), .bytes = {}};
  const std::array<std::uint64_t, 2> offsets = entry.at("data_offsets");
  std::size_t size = stored_size(tensor.type);
  if (size == 0) throw std::invalid_argument("its type " + tensor.type + " is unknown");
  for (const Index dimension : tensor.dimensions) {
    const auto count = static_cast<std::size_t>(dimension);
    if (dimension < 0 || (count > 0 && size > std::numeric_limits<std::size_t>::max() / count))
      throw std::invalid_argument("its dimensions make no sense");
    size *= count;
  }
  if (offsets[0] != end_of_last || offsets[1] < offsets[0] || offsets[1] - offsets[0] != size)
    throw std::invalid_argument("it does not lie where its dimensions and the tensor before it put it");
  if (offsets[1] > data.size()) throw std::invalid_argument("the file ends before it does");
  end_of_last = offsets[1];
  const auto bytes = std::as_bytes(std::span(data.substr(offsets[0], size)));
  tensor.bytes.assign(bytes.begin(), bytes.end());
  return tensor;
}

}  // namespace detail

/// The content of a file in the safetensors format. Tensors come in the order of the header, and metadata without the
/// checksum.
/// @throws FileError when it is no such file, or the checksum that it holds is not that of its bytes
[[nodiscard]] inline TensorFile parse_safetensors(const std::filesystem::path& path, std::string_view bytes) {
  const auto refuse = [&](const std::string& problem) { throw FileError(path.string(), problem); };
  std::uint64_t length = 0;
  if (bytes.size() < detail::kLengthBytes) refuse("is too short for a safetensors file");
  std::memcpy(&length, bytes.data(), detail::kLengthBytes);
  const std::string_view rest = bytes.substr(detail::kLengthBytes);
  if (length > rest.size()) {
    refuse("is no safetensors file, or cut off: its header should have " + std::to_string(length) + " bytes, and " +
           std::to_string(rest.size()) + " follow");
  }
  const std::string_view header = rest.substr(0, length);
  const std::string_view data = rest.substr(length);
  const bool has_checksum = header.starts_with(detail::kChecksumPrefix);
  if (has_checksum &&
      header.substr(detail::kChecksumPrefix.size(), detail::kChecksumDigits) != detail::checksum(bytes)) {
    refuse("is damaged: its checksum is not that of its " + std::to_string(bytes.size()) + " bytes");
  }

  TensorFile file(path, has_checksum);
  std::size_t end = 0;
  try {
    const auto json = nlohmann::ordered_json::parse(header);
    for (const auto& [name, entry] : json.items()) {
      if (name != "__metadata__") {
        file.add(detail::stored_tensor(name, entry, data, end));
        continue;
      }
      file.metadata() = entry.get<std::map<std::string, std::string>>();
      file.metadata().erase("checksum");
    }
  } catch (const FileError&) {
    throw;
  } catch (const std::exception& error) {
    refuse(std::string("is no valid safetensors file: ") + error.what());
  }
  if (end != data.size()) {
    refuse("is no valid safetensors file: " + std::to_string(data.size() - end) + " bytes belong to no tensor");
  }
  return file;
}

/// @throws FileError as parse_safetensors, and when the file cannot be read
[[nodiscard]] inline TensorFile read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(path, read_file(path));
}

/// The bytes of a file in the safetensors format, with a checksum. The same content gives the same bytes.
[[nodiscard]] inline std::string to_safetensors(const TensorFile& file) {
  static_assert(std::endian::native == std::endian::little, "Lamina: safetensors files are little-endian");
  nlohmann::ordered_json header;
  nlohmann::ordered_json& metadata = header["__metadata__"];
  metadata["checksum"] = std::string(detail::kChecksumDigits, '0');
  for (const auto& [key, value] : file.metadata()) metadata[key] = value;
  std::size_t end = 0;
  for (const StoredTensor& tensor : file.tensors()) {
    const std::size_t begin = std::exchange(end, end + tensor.bytes.size());
    header[tensor.name] = {{"dtype", tensor.type}, {"shape", tensor.dimensions}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  text.append((detail::kLengthBytes - text.size() % detail::kLengthBytes) % detail::kLengthBytes, ' ');

  const std::uint64_t length = text.size();
  std::string bytes(detail::kLengthBytes, '\0');
  std::memcpy(bytes.data(), &length, detail::kLengthBytes);
  bytes += text;
  bytes.reserve(bytes.size() + end);
  for (const StoredTensor& tensor : file.tensors()) {
    bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  bytes.replace(detail::kLengthBytes + detail::kChecksumPrefix.size(), detail::kChecksumDigits,
                detail::checksum(bytes));
  return bytes;
}

/// Writes the file as a whole or not at all, and to the disk before it returns.
/// @throws FileError when it cannot be written; a file that was there is as before
inline void write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  write_file(path, to_safetensors(file));
}

}  // namespace lamina
