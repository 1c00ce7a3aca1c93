#pragma once

#include <cstdint>
#include <type_traits>

#include <Eigen/Core>

#include <lamina/core/buffer.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>

static_assert(EIGEN_VERSION_AT_LEAST(3, 4, 0), "Lamina needs Eigen 3.4 or newer");

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Class of a sample, from 0 on.
using Label = std::int32_t;

/// Row-major Eigen matrix, and the map over the pixels (rows) and channels (columns) of a tensor.
template <class T>
using Matrix = Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using MatrixMap = Eigen::Map<std::conditional_t<std::is_const_v<T>, const Matrix<T>, Matrix<T>>, Eigen::Unaligned,
                             Eigen::OuterStride<>>;

/// Consecutive values as a row-major matrix, and as a row.
template <class T>
[[nodiscard]] MatrixMap<T> as_matrix(T* values, Index rows, Index columns) {
  return {values, rows, columns, Eigen::OuterStride<>(columns)};
}
template <class T>
[[nodiscard]] auto as_row(T* values, Index size) {
  using Row = Eigen::Matrix<std::remove_const_t<T>, 1, Eigen::Dynamic>;
  return Eigen::Map<std::conditional_t<std::is_const_v<T>, const Row, Row>>(values, size);
}

/// A batch of samples in NHWC order (sample, row, column, channel) over memory that something else owns. The channels
/// may be a slice of a tensor with more of them, `stride` values from pixel to pixel.
/// @tparam T  float or double, const for a view that only reads
template <class T>
struct TensorView {
  T* data = nullptr;
  Index batch = 0;
  Shape shape;
  Index stride = shape.channels;  ///< values from one pixel to the next

  [[nodiscard]] Index size() const { return batch * shape.size(); }
  /// Pixels of the whole batch: rows of matrix().
  [[nodiscard]] Index pixels() const { return batch * shape.pixels(); }
  [[nodiscard]] bool empty() const { return data == nullptr; }
  /// Whether the values lie one after the other, without gaps.
  [[nodiscard]] bool dense() const { return stride == shape.channels; }
  /// Values of memory from one sample to the next.
  [[nodiscard]] Index sample_stride() const { return shape.pixels() * stride; }
  /// First value of sample n.
  [[nodiscard]] T* sample(Index n) const { return data + n * sample_stride(); }
  /// `count` samples from sample `first` on.
  [[nodiscard]] TensorView samples(Index first, Index count) const { return {sample(first), count, shape, stride}; }
  /// `count` channels from channel `first` on.
  [[nodiscard]] TensorView channels(Index first, Index count) const {
    return {data + first, batch, {shape.height, shape.width, count}, stride};
  }
  /// Pixels as rows, channels as columns.
  [[nodiscard]] MatrixMap<T> matrix() const { return {data, pixels(), shape.channels, Eigen::OuterStride<>(stride)}; }

  operator TensorView<const T>() const  // NOLINT(google-explicit-constructor): as T* converts to const T*
      requires(!std::is_const_v<T>) {
    return {data, batch, shape, stride};
  }
};

/// A batch of samples that owns its memory, zero at first.
template <class T>
class Tensor {
 public:
  Tensor() = default;
  Tensor(Index batch, Shape shape) : buffer_(batch * shape.size()), batch_(batch), shape_(shape) {}

  [[nodiscard]] Index batch() const { return batch_; }
  [[nodiscard]] Shape shape() const { return shape_; }
  [[nodiscard]] Index size() const { return buffer_.size(); }
  [[nodiscard]] T* data() { return buffer_.data(); }
  [[nodiscard]] const T* data() const { return buffer_.data(); }
  [[nodiscard]] T& operator[](Index i) { return buffer_[i]; }
  [[nodiscard]] const T& operator[](Index i) const { return buffer_[i]; }
  [[nodiscard]] TensorView<T> view() { return {data(), batch_, shape_}; }
  [[nodiscard]] TensorView<const T> view() const { return {data(), batch_, shape_}; }

 private:
  Buffer<T> buffer_;
  Index batch_ = 0;
  Shape shape_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
