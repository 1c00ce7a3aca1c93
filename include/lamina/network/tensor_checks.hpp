#pragma once

#include <string>
#include <string_view>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/network/single_pixel_norm.hpp>

/// @file
/// Checks of the tensors that a caller hands to a network. They make their messages only when they throw: steps call
/// them and must not allocate.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Refuses a tensor that is not there, has gaps between its pixels, or has another batch or shape than expected.
template <class T>
void check_tensor(std::string_view name, const TensorView<const T>& tensor, Index batch, const Shape& shape) {
  if (tensor.shape != shape || tensor.batch != batch) {
    throw ArgumentError(message(name, " must be ", batch, " of ", to_string(shape), ", got ", tensor.batch, " of ",
                                to_string(tensor.shape)));
  }
  if (tensor.empty()) {
    throw ArgumentError(message(name, " must be ", batch, " of ", to_string(shape), ", got no memory"));
  }
  if (!tensor.dense()) {
    throw ArgumentError(message(name, " must lie in memory without gaps, ", shape.channels,
                                " values from pixel to pixel, got ", tensor.stride));
  }
}

/// Refuses images that are not the network's, or more than a workspace holds.
template <class Network, class T>
void check_images(Index capacity, const TensorView<const T>& images) {
  if (images.shape != Network::input_shape) {
    throw ArgumentError(
        message("the network takes images of ", to_string(Network::input_shape), ", got ", to_string(images.shape)));
  }
  if (images.batch <= 0 || images.batch > capacity) {
    throw ArgumentError(message("the workspace takes 1 to ", capacity, " images, got ", images.batch));
  }
  check_tensor("the images", images, images.batch, Network::input_shape);
}

/// Refuses a batch in which a batch norm would read a single value a channel.
template <class Network>
void check_training_batch(Index images) {
  if (images >= smallest_training_batch<Network>) return;
  const SinglePixelNorm& norm = single_pixel_norm<Network>;
  throw ArgumentError(message("training needs at least 2 images in a batch, got ", images,
                              ": a single value a channel has no variance for ", norm.kind, " ", norm.name.view()));
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
