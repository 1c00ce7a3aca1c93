#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>

#include <lamina/core/error.hpp>
#include <lamina/core/huge_pages.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Bytes to which every buffer is aligned: a cache line, and the widest vector register there is (AVX-512).
inline constexpr std::size_t kAlignment = 64;

/// Aligned array of a fixed number of values, zero at first; a large one lies on huge pages where the system has them.
/// Copies are deep; a moved-from buffer is empty.
/// @tparam T  a trivial arithmetic type
template <class T>
class Buffer {
 public:
  Buffer() = default;
  /// @throws ArgumentError for a negative size, std::bad_alloc
  explicit Buffer(Index size) : data_(allocate(size)), size_(size) { fill(T{}); }

  Buffer(const Buffer& other) : data_(allocate(other.size_)), size_(other.size_) {
    std::copy(other.begin(), other.end(), data());
  }
  Buffer(Buffer&& other) noexcept : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() = default;

  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] T* data() { return data_.get(); }
  [[nodiscard]] const T* data() const { return data_.get(); }
  [[nodiscard]] T& operator[](Index i) { return data_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] const T& operator[](Index i) const { return data_[static_cast<std::size_t>(i)]; }

  [[nodiscard]] T* begin() { return data(); }
  [[nodiscard]] T* end() { return data() + size_; }
  [[nodiscard]] const T* begin() const { return data(); }
  [[nodiscard]] const T* end() const { return data() + size_; }

  [[nodiscard]] std::span<T> span() { return {data(), static_cast<std::size_t>(size_)}; }
  [[nodiscard]] std::span<const T> span() const { return {data(), static_cast<std::size_t>(size_)}; }

  void fill(T value) { std::fill(begin(), end(), value); }

 private:
  struct Free {
    void operator()(T* data) const { ::operator delete[](data, std::align_val_t{kAlignment}); }
  };

  static T* allocate(Index size) {
    if (size < 0) throw ArgumentError(message("a buffer of ", size, " values cannot be made"));
    const auto bytes = static_cast<std::size_t>(size) * sizeof(T);
    void* const memory = ::operator new[](bytes, std::align_val_t{kAlignment});
    prefer_huge_pages(memory, bytes);
    return static_cast<T*>(memory);
  }

  std::unique_ptr<T[], Free> data_;
  Index size_ = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
