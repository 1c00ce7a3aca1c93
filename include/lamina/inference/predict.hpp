#pragma once

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <span>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/data/augmentation.hpp>
#include <lamina/inference/classifier.hpp>
#include <lamina/inference/prediction.hpp>
#include <lamina/network/workspace.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Asks a classifier about one image. It is normalised as in training. Safe from several threads, each with a workspace
/// of its own.
/// @param image  a span or vector of bytes or floats, planar, as Dataset::image(), read_image() and
///               to_planar() give them
/// @param k      how many of the likeliest classes to give; the number of classes where there are fewer
/// @throws ArgumentError   an image of another size, a normalization of other channels, k below 1, and names of another
///                         number of classes
/// @throws NonFiniteError  where the model makes no finite logits of it
template <class Network, class T, std::ranges::contiguous_range Image>
[[nodiscard]] Prediction predict(const Classifier<Network, T>& classifier, InferenceWorkspace<Network, T>& workspace,
                                 const Image& image, Index k = 5) {
  Tensor<T> normalized(1, Network::input_shape);
  ImageNormalizer<T>(Network::input_shape, classifier.normalization)(
      std::span<const std::ranges::range_value_t<Image>>(image), normalized.data());
  constexpr Index kClasses = Network::output_shape.channels;
  const TensorView<const T> logits = classifier.model.infer(workspace, normalized.view());
  return to_prediction(std::span<const T>(logits.data, static_cast<std::size_t>(kClasses)), std::min(k, kClasses),
                       classifier.class_names);
}

/// As above, with a workspace made for this image and no threads besides the caller's.
template <class Network, class T, std::ranges::contiguous_range Image>
[[nodiscard]] Prediction predict(const Classifier<Network, T>& classifier, const Image& image, Index k = 5) {
  InferenceWorkspace<Network, T> workspace(1, Team(1));
  return predict(classifier, workspace, image, k);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
