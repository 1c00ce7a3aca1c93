#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <lamina/core/error.hpp>
#include <lamina/io/tensor_file.hpp>

/// Calls check(bytes) for every beginning of a file that is not the whole.
void for_each_truncation(std::string_view file, const auto& check) {
  for (std::size_t size = 0; size < file.size(); ++size) check(file.substr(0, size));
}

/// Calls check(bytes, place) for every way in which one bit of a file can be wrong.
void for_each_wrong_bit(std::string file, const auto& check) {
  for (std::size_t place = 0; place < file.size(); ++place) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      const char right = file[place];
      file[place] = static_cast<char>(static_cast<unsigned char>(right) ^ (1U << bit));
      check(std::string_view(file), place);
      file[place] = right;
    }
  }
}

/// What parse() gives, or nothing when it throws FileError.
[[nodiscard]] std::optional<lamina::TensorFile> unless_refused(const auto& parse) {
  try {
    return parse();
  } catch (const lamina::FileError&) {
    return std::nullopt;
  }
}

/// Whether two files hold the same tensors, bit for bit and in the same order.
[[nodiscard]] inline bool same_tensors(const lamina::TensorFile& a, const lamina::TensorFile& b) {
  return std::ranges::equal(a.tensors(), b.tensors(), [](const auto& x, const auto& y) {
    return x.name == y.name && x.type == y.type && x.dimensions == y.dimensions && x.bytes == y.bytes;
  });
}
