#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <lamina/lamina.hpp>

namespace lamina::bench {

/// Images with labels, as a network gets them.
struct Images {
  Tensor<float> pixels;
  std::vector<Label> labels;
  Normalization normalization{};  ///< that they have been through
};

/// Where the validation's images come from: CIFAR-100, or the procedural set in its place.
class ImageSource {
 public:
  /// @param folder  of CIFAR-100; none for the procedural set
  explicit ImageSource(const std::optional<std::string>& folder);

  /// A thousand images of ten classes, averaged to 16 x 16, or two thousand of a hundred at full size.
  [[nodiscard]] Images draw(const Shape& shape, std::uint64_t seed) const;

 private:
  [[nodiscard]] Images pick(Index count, Index classes, std::uint64_t seed) const;

  Dataset set_;
  Normalization normalization_;
};

}  // namespace lamina::bench
