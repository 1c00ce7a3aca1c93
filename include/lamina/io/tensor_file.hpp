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
#include <utility>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/io/float_conversion.hpp>
#include <lamina/io/stored_tensor.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The content of a file of tensors, in memory.
class TensorFile {
 public:
  TensorFile() = default;
  /// @param origin    the file it was read from, for errors
  /// @param verified  whether a checksum vouches for its bytes
  explicit TensorFile(std::filesystem::path origin, bool verified = false)
      : origin_(std::move(origin)), verified_(verified) {}

  [[nodiscard]] const std::filesystem::path& origin() const { return origin_; }
  /// Whether a checksum in the file vouched for all of its bytes. One wrong bit in the name of the checksum makes a
  /// file of one that has none: whoever wrote a file with a checksum refuses it without.
  [[nodiscard]] bool verified() const { return verified_; }
  [[nodiscard]] std::map<std::string, std::string>& metadata() { return metadata_; }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }
  [[nodiscard]] const std::vector<StoredTensor>& tensors() const { return tensors_; }

  /// @throws FileError when there is a tensor of that name, its type is unknown, or its bytes are not those of its
  ///         dimensions
  void add(StoredTensor tensor) {
    if (find(tensor.name) != nullptr) refuse("there are two tensors '" + tensor.name + "'");
    if (detail::stored_size(tensor.type) == 0) refuse(tensor.name, "its type '" + tensor.type + "' is unknown");
    if (detail::stored_bytes(tensor.type, tensor.dimensions) != tensor.bytes.size()) {
      refuse(tensor.name, std::to_string(tensor.bytes.size()) + " bytes do not make " + to_string(tensor.dimensions) +
                              " of type " + tensor.type);
    }
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
    const StoredTensor& tensor = expect(name, dimensions, values.size());
    expect(name, std::string(kStoredType<T>), tensor.type);
    if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), values.size_bytes());
  }

  /// Copies the values of a tensor of any floating-point type (F64, F32, F16, BF16), rounded to T.
  /// @throws FileError when it is missing, has other dimensions or no floating-point type, or holds a finite number too
  ///         large for T
  template <std::floating_point T>
  void read_converted(const std::string& name, const Dimensions& dimensions, std::span<T> values) const {
    const StoredTensor& tensor = expect(name, dimensions, values.size());
    if (tensor.type == "F64") return convert<double>(tensor, values, [](double value) { return value; });
    if (tensor.type == "F32") return convert<float>(tensor, values, [](float value) { return value; });
    if (tensor.type == "F16") return convert<std::uint16_t>(tensor, values, from_half);
    if (tensor.type == "BF16") return convert<std::uint16_t>(tensor, values, from_bfloat16);
    refuse(name, "expected F64, F32, F16 or BF16, found " + tensor.type);
  }

 private:
  void expect(const std::string& name, const std::string& expected, const std::string& found) const {
    if (expected != found) refuse(name, "expected " + expected + ", found " + found);
  }

  /// The tensor of that name, which must have these dimensions and so many values.
  [[nodiscard]] const StoredTensor& expect(const std::string& name, const Dimensions& dimensions,
                                           std::size_t count) const {
    const StoredTensor* const tensor = find(name);
    if (tensor == nullptr) refuse("tensor '" + name + "' is missing");
    expect(name, to_string(dimensions), to_string(tensor->dimensions));
    const std::size_t found = tensor->bytes.size() / detail::stored_size(tensor->type);
    expect(name, std::to_string(count) + " values", std::to_string(found) + " values");
    return *tensor;
  }

  template <class Stored, class T, class Convert>
  void convert(const StoredTensor& tensor, std::span<T> values, const Convert& value_of) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      Stored stored{};
      std::memcpy(&stored, tensor.bytes.data() + i * sizeof(Stored), sizeof(Stored));
      const auto value = value_of(stored);
      values[i] = static_cast<T>(value);
      if (is_finite(value) && !is_finite(values[i])) {
        refuse(tensor.name, "value " + std::to_string(i) + " is too large for " + std::string(kStoredType<T>));
      }
    }
  }

  [[noreturn]] void refuse(const std::string& problem) const {
    throw FileError(origin_.empty() ? "a file of tensors in memory" : origin_.string(), problem);
  }
  [[noreturn]] void refuse(const std::string& name, const std::string& problem) const {
    refuse("tensor '" + name + "': " + problem);
  }

  std::filesystem::path origin_;
  bool verified_ = false;
  std::map<std::string, std::string> metadata_;
  std::vector<StoredTensor> tensors_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
