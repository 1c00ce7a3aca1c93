#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/shape.hpp>

namespace lamina {

/// Name of a type of values in safetensors files.
template <class T>
inline constexpr std::string_view kStoredType = std::is_same_v<T, float>           ? "F32"
                                                : std::is_same_v<T, double>        ? "F64"
                                                : std::is_same_v<T, std::int64_t>  ? "I64"
                                                : std::is_same_v<T, std::uint64_t> ? "U64"
                                                                                   : "U8";

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

/// The content of a file of tensors, in memory.
class TensorFile {
 public:
  TensorFile() = default;
  /// @param origin    the file it was read from, for errors
  /// @param verified  whether a checksum vouches for its bytes
  explicit TensorFile(std::filesystem::path origin, bool verified = false)
      : origin_(std::move(origin)), verified_(verified) {}

  [[nodiscard]] const std::filesystem::path& origin() const { return origin_; }
  [[nodiscard]] bool verified() const { return verified_; }
  [[nodiscard]] std::map<std::string, std::string>& metadata() { return metadata_; }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }
  [[nodiscard]] const std::vector<StoredTensor>& tensors() const { return tensors_; }

  /// @throws FileError when there is a tensor of that name
  void add(StoredTensor tensor) {
    if (find(tensor.name) != nullptr) throw FileError(origin_.string(), "there are two tensors '" + tensor.name + "'");
    tensors_.push_back(std::move(tensor));
  }
  template <class T>
  void add(std::string name, Dimensions dimensions, std::span<const T> values) {
    const auto bytes = std::as_bytes(values);
    add({std::move(name), std::string(kStoredType<T>), std::move(dimensions), {bytes.begin(), bytes.end()}});
  }

  /// The tensor of that name, or null.
  [[nodiscard]] const StoredTensor* find(std::string_view name) const {
    const auto found = std::ranges::find(tensors_, name, &StoredTensor::name);
    return found == tensors_.end() ? nullptr : &*found;
  }

  /// Copies a tensor's values.
  /// @throws FileError when it is missing or has another type or other dimensions
  template <class T>
  void read(const std::string& name, const Dimensions& dimensions, std::span<T> values) const {
    const StoredTensor* const tensor = find(name);
    if (tensor == nullptr) throw FileError(origin_.string(), "tensor '" + name + "' is missing");
    const auto refuse = [&](const std::string& expected, const std::string& found) {
      throw FileError(origin_.string(), "tensor '" + name + "': expected " + expected + ", found " + found);
    };
    if (tensor->type != kStoredType<T>) refuse(std::string(kStoredType<T>), tensor->type);
    if (tensor->dimensions != dimensions) refuse(to_string(dimensions), to_string(tensor->dimensions));
    if (tensor->bytes.size() != values.size_bytes())
      refuse(std::to_string(values.size_bytes()) + " bytes", std::to_string(tensor->bytes.size()));
    if (!values.empty()) std::memcpy(values.data(), tensor->bytes.data(), values.size_bytes());
  }

 private:
  std::filesystem::path origin_;
  bool verified_ = false;
  std::map<std::string, std::string> metadata_;
  std::vector<StoredTensor> tensors_;
};

}  // namespace lamina
