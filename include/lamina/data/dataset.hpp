#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>
#include <lamina/core/tensor.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What the pixels of a set are: bytes 0 ... 255, or numbers of any size.
enum class PixelType { bytes, floats };

/// Labelled images in memory, planar (channel, row, column) as in a CIFAR record.
class Dataset {
 public:
  Dataset() = default;
  /// An empty set of images of one shape.
  /// @param name  what error messages call the set, such as the path of its file
  Dataset(std::string name, Shape shape, Index classes, PixelType type = PixelType::bytes)
      : name_(std::move(name)), shape_(shape), classes_(classes), type_(type) {
    require(shape.height > 0 && shape.width > 0 && shape.channels > 0, name_ + ": no images of " + to_string(shape));
    require(classes > 0, name_ + ": the number of classes must be positive, got " + std::to_string(classes));
  }

  /// Makes room for that many images.
  void reserve(Index images) {
    const auto pixels = static_cast<std::size_t>(images * shape_.size());
    type_ == PixelType::bytes ? bytes_.reserve(pixels) : floats_.reserve(pixels);
    labels_.reserve(static_cast<std::size_t>(images));
  }

  /// Adds an image to a set of bytes.
  /// @param pixels  shape().size() bytes in planar order
  /// @throws ArgumentError when the type, the number of bytes or the label does not fit, and behind set_rows()
  void append(std::span<const std::uint8_t> pixels, Label label) {
    check(PixelType::bytes, std::ssize(pixels), label);
    bytes_.insert(bytes_.end(), pixels.begin(), pixels.end());
    labels_.push_back(label);
  }
  /// Adds an image to a set of floats.
  /// @param pixels  shape().size() numbers in planar order
  /// @throws ArgumentError as above, and for a number that is not finite
  void append(std::span<const float> pixels, Label label) {
    check(PixelType::floats, std::ssize(pixels), label);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      if (is_finite(pixels[i])) continue;
      throw ArgumentError(name_ + ": value " + std::to_string(i) + " of image " + std::to_string(size()) +
                          " is not finite");
    }
    floats_.insert(floats_.end(), pixels.begin(), pixels.end());
    labels_.push_back(label);
  }

  /// Says what the classes are called, from class 0 on; none at first.
  /// @throws ArgumentError unless there is a name for each class
  void name_classes(std::vector<std::string> names) {
    require(std::ssize(names) == classes_, name_ + ": expected the names of " + std::to_string(classes_) +
                                               " classes, found " + std::to_string(names.size()));
    class_names_ = std::move(names);
  }

  /// Gives each image a row of target values: those of a regression, 0 or 1 for each of several labels, probabilities
  /// of classes. They stand beside the labels, or, in a set of one class, instead of them.
  /// @param rows    one behind the other, in the order of the images
  /// @param values  of each row
  /// @throws ArgumentError unless there is a row for each image, and for a value that is not finite
  void set_rows(std::vector<float> rows, Index values) {
    require(values > 0, name_ + ": a row of target values must have one at least, got " + std::to_string(values));
    require(std::ssize(rows) == size() * values, name_ + ": expected " + std::to_string(size()) +
                                                     " rows of target values, of " + std::to_string(values) +
                                                     " each, found " + std::to_string(rows.size()) + " values");
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (is_finite(rows[i])) continue;
      const auto row = static_cast<Index>(i) / values;
      throw ArgumentError(name_ + ": a target value of image " + std::to_string(row) + " is not finite");
    }
    rows_ = std::move(rows);
    row_size_ = values;
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Shape shape() const { return shape_; }
  [[nodiscard]] Index classes() const { return classes_; }
  /// One name a class, or none.
  [[nodiscard]] const std::vector<std::string>& class_names() const { return class_names_; }
  [[nodiscard]] PixelType pixel_type() const { return type_; }
  /// Number of images.
  [[nodiscard]] Index size() const { return std::ssize(labels_); }
  /// Bytes of image n in planar order.
  /// @pre pixel_type() is bytes
  [[nodiscard]] std::span<const std::uint8_t> image(Index n) const {
    return {bytes_.data() + n * shape_.size(), static_cast<std::size_t>(shape_.size())};
  }
  /// Numbers of image n in planar order.
  /// @pre pixel_type() is floats
  [[nodiscard]] std::span<const float> float_image(Index n) const {
    return {floats_.data() + n * shape_.size(), static_cast<std::size_t>(shape_.size())};
  }
  /// Calls visitor(pixels of image n), a span of bytes or of floats, and gives what that gives.
  template <class Visitor>
  decltype(auto) visit_image(Index n, const Visitor& visitor) const {
    return type_ == PixelType::bytes ? visitor(image(n)) : visitor(float_image(n));
  }
  [[nodiscard]] Label label(Index n) const { return labels_[static_cast<std::size_t>(n)]; }
  [[nodiscard]] std::span<const Label> labels() const { return labels_; }
  /// Whether images are told apart by labels: not in a set of one class with rows.
  [[nodiscard]] bool has_labels() const { return classes_ > 1 || row_size_ == 0; }
  /// Target values of an image; 0 without rows.
  [[nodiscard]] Index row_size() const { return row_size_; }
  /// Target values of image n.
  [[nodiscard]] std::span<const float> row(Index n) const {
    return {rows_.data() + n * row_size_, static_cast<std::size_t>(row_size_)};
  }

 private:
  void check(PixelType type, Index pixels, Label label) const {
    const bool bytes = type_ == PixelType::bytes;
    if (row_size_ > 0) throw ArgumentError(name_ + ": its images have rows already: append before set_rows()");
    if (type != type_) {
      throw ArgumentError(name_ + ": expected an image of " + (bytes ? "bytes, found floats" : "floats, found bytes"));
    }
    if (pixels != shape_.size()) {
      throw ArgumentError(name_ + ": an image of " + to_string(shape_) + " has " + std::to_string(shape_.size()) +
                          (bytes ? " bytes" : " values") + ", found " + std::to_string(pixels));
    }
    if (label < 0 || label >= classes_) {
      throw ArgumentError(name_ + ": expected a label from 0 to " + std::to_string(classes_ - 1) + ", found " +
                          std::to_string(label));
    }
  }

  std::string name_;
  Shape shape_;
  Index classes_ = 1;
  PixelType type_ = PixelType::bytes;
  std::vector<std::uint8_t> bytes_;  // this or the next is empty, by the type
  std::vector<float> floats_;
  std::vector<Label> labels_;
  std::vector<std::string> class_names_;
  std::vector<float> rows_;
  Index row_size_ = 0;
};

/// The positions of all images of a set, in order.
[[nodiscard]] inline std::vector<Index> all_images(const Dataset& images) {
  std::vector<Index> positions(static_cast<std::size_t>(images.size()));
  std::iota(positions.begin(), positions.end(), Index{0});
  return positions;
}

/// Refuses positions at which a set has no image.
/// @throws ArgumentError
inline void require_images(const Dataset& images, std::span<const Index> samples) {
  for (const Index sample : samples) {
    if (sample >= 0 && sample < images.size()) continue;
    throw ArgumentError("image " + std::to_string(sample) + " is not one of the " + std::to_string(images.size()) +
                        " images of " + images.name());
  }
}

/// The two halves a benchmark comes in: what may be learned from, and what only measures.
struct TrainTestSets {
  Dataset train;
  Dataset test;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
