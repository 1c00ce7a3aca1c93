#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include <lamina/core/buffer.hpp>
#include <lamina/core/random.hpp>
#include <lamina/core/tensor.hpp>

namespace lamina::test {

/// Standard normal values, the same for the same stream number.
template <class T>
Buffer<T> random_buffer(Index size, std::uint32_t stream) {
  RandomStream random(1, RandomPurpose::test, stream);
  Buffer<T> buffer(size);
  for (T& value : buffer) value = static_cast<T>(random.normal());
  return buffer;
}

template <class T>
Tensor<T> random_tensor(Index batch, Shape shape, std::uint32_t stream) {
  const Buffer<T> values = random_buffer<T>(batch * shape.size(), stream);
  Tensor<T> tensor(batch, shape);
  std::copy(values.begin(), values.end(), tensor.data());
  return tensor;
}

template <class T>
std::vector<T> values_of(const Tensor<T>& tensor) {
  return {tensor.data(), tensor.data() + tensor.size()};
}

/// A sum of products in double beside the sum of their magnitudes, from which follows how far rounding may carry any
/// other way of computing it.
struct Sum {
  double value = 0;
  double magnitude = 0;
  Index terms = 0;

  void add(double a, double b = 1) {
    value += a * b;
    magnitude += std::abs(a * b);
    ++terms;
  }

  /// Whatever the order and with products rounded or not, a sum of n terms rounds each term at most n + 1 times
  /// (Higham, "Accuracy and Stability of Numerical Algorithms", 4.2).
  template <class T>
  [[nodiscard]] double tolerance() const {
    return static_cast<double>(terms + 1) * static_cast<double>(std::numeric_limits<T>::epsilon()) * magnitude;
  }

  template <class T>
  [[nodiscard]] bool agrees(T other) const {
    return std::abs(static_cast<double>(other) - value) <= tolerance<T>();
  }
};

}  // namespace lamina::test
