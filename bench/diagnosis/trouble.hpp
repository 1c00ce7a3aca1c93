#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <lamina/diagnostics/cause.hpp>
#include <lamina/lamina.hpp>

#include "images.hpp"

namespace lamina::bench {

/// What is done to a healthy training before it is diagnosed.
struct Trouble {
  std::optional<Cause> cause{};  ///< the right verdict; none for a healthy training
  std::string what{};            ///< for the table of what was missed
  std::function<void(std::span<const Segment>, std::span<float>)> parameters{};
  std::function<void(Images&, std::uint64_t seed)> images{};
  double learning_rate = 1e-3;
  bool sgd = false;  ///< with momentum 0.9, instead of Adam
  InitializationScheme initialization = InitializationScheme::fan_in_uniform;
  std::optional<std::size_t> frozen{};  ///< the weight tensor that the optimizer leaves out
};

/// The weight tensors among all.
[[nodiscard]] inline std::vector<Segment> weights_of(std::span<const Segment> tensors) {
  std::vector<Segment> weights;
  std::ranges::copy_if(tensors, std::back_inserter(weights), [](const Segment& tensor) { return tensor.rank >= 2; });
  return weights;
}

[[nodiscard]] inline std::span<float> values_of(const Segment& tensor, std::span<float> parameters) {
  return parameters.subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.size()));
}

[[nodiscard]] inline Trouble healthy(double learning_rate = 1e-3, bool sgd = false,
                                     InitializationScheme scheme = InitializationScheme::fan_in_uniform) {
  return {.what = (sgd ? "sgd " : "adam ") + std::to_string(learning_rate) +
                  (scheme == InitializationScheme::he_normal ? " he" : ""),
          .learning_rate = learning_rate,
          .sgd = sgd,
          .initialization = scheme};
}

/// All weights times a factor.
[[nodiscard]] inline Trouble scaled_weights(float factor) {
  return {.cause = factor < 1 ? Cause::gain_too_small : Cause::gain_too_large,
          .what = "weights times " + std::to_string(factor),
          .parameters = [factor](std::span<const Segment> tensors, std::span<float> parameters) {
            for (const Segment& tensor : weights_of(tensors)) {
              for (float& value : values_of(tensor, parameters)) value *= factor;
            }
          }};
}

/// The weights of one layer times a factor.
[[nodiscard]] inline Trouble scaled_layer(std::size_t layer, float factor, Cause cause) {
  return {.cause = cause,
          .what = "weights of layer " + std::to_string(layer) + " times " + std::to_string(factor),
          .parameters = [=](std::span<const Segment> tensors, std::span<float> parameters) {
            for (float& value : values_of(weights_of(tensors)[layer], parameters)) value *= factor;
          }};
}

[[nodiscard]] inline Trouble constant_layer(std::size_t layer, float constant) {
  return {.cause = Cause::constant_weights,
          .what = "weights of layer " + std::to_string(layer) + " all " + std::to_string(constant),
          .parameters = [=](std::span<const Segment> tensors, std::span<float> parameters) {
            std::ranges::fill(values_of(weights_of(tensors)[layer], parameters), constant);
          }};
}

/// Bias number `which`, counted from the input (of a convolution or a batch norm), set to a value.
[[nodiscard]] inline Trouble biased(std::size_t which, float bias) {
  return {.cause = Cause::dead_units,
          .what = "bias " + std::to_string(which) + " at " + std::to_string(bias),
          .parameters = [=](std::span<const Segment> tensors, std::span<float> parameters) {
            std::size_t place = 0;
            for (const Segment& tensor : tensors) {
              if (!tensor.name.view().ends_with("bias") || place++ != which) continue;
              std::ranges::fill(values_of(tensor, parameters), bias);
            }
          }};
}

/// One filter of a layer set to zero: its batch norm divides by next to nothing.
[[nodiscard]] inline Trouble dead_filter(std::size_t layer) {
  return {.cause = Cause::epsilon_too_small,
          .what = "a filter of zeros in front of a norm without epsilon",
          .parameters = [=](std::span<const Segment> tensors, std::span<float> parameters) {
            const Segment tensor = weights_of(tensors)[layer];
            const auto values = values_of(tensor, parameters);
            const auto filters = static_cast<std::size_t>(tensor.dims[tensor.rank - 1]);
            for (std::size_t i = 0; i < values.size(); i += filters) values[i] = 0;
          }};
}

[[nodiscard]] inline Trouble only_type(Cause cause, std::string what) {
  return {.cause = cause, .what = std::move(what)};
}

/// Pixels as they would be without normalisation, 0 to `white`.
[[nodiscard]] inline Trouble raw_pixels(float white) {
  return {.cause = Cause::unnormalized_images,
          .what = "pixels from 0 to " + std::to_string(white),
          .images = [white](Images& images, std::uint64_t) {
            const auto& [means, deviations] = images.normalization;
            for (Index i = 0; i < images.pixels.size(); ++i) {
              const auto c = static_cast<std::size_t>(i) % means.size();
              images.pixels[i] =
                  white * static_cast<float>(static_cast<double>(images.pixels[i]) * deviations[c] + means[c]);
            }
          }};
}

[[nodiscard]] inline Trouble constant_channel(Index channel, float value) {
  return {.cause = Cause::constant_channel,
          .what = "channel " + std::to_string(channel) + " is " + std::to_string(value),
          .images = [=](Images& images, std::uint64_t) {
            for (Index i = channel; i < images.pixels.size(); i += images.pixels.shape().channels)
              images.pixels[i] = value;
          }};
}

[[nodiscard]] inline Trouble not_a_number() {
  return {.cause = Cause::not_finite, .what = "a pixel that is NaN", .images = [](Images& images, std::uint64_t) {
            images.pixels[5] = std::numeric_limits<float>::quiet_NaN();
          }};
}

/// @param every  which labels are kept: every so-manieth; 0 for none
[[nodiscard]] inline Trouble one_class(Label label, std::size_t every) {
  return {.cause = Cause::single_class, .what = "one class", .images = [=](Images& images, std::uint64_t) {
            for (std::size_t i = 0; i < images.labels.size(); ++i) {
              if (every == 0 || i % every != 0) images.labels[i] = label;
            }
          }};
}

[[nodiscard]] inline Trouble shuffled_labels() {
  return {
      .cause = Cause::unrelated_labels, .what = "shuffled labels", .images = [](Images& images, std::uint64_t seed) {
        std::vector<Index> order(images.labels.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(i);
        shuffle(order, RandomStream(seed, RandomPurpose::test, 11));
        const std::vector<Label> before = images.labels;
        for (std::size_t i = 0; i < order.size(); ++i) images.labels[i] = before[static_cast<std::size_t>(order[i])];
      }};
}

[[nodiscard]] inline Trouble at_rate(double rate, Cause cause, bool sgd = false) {
  Trouble trouble = healthy(rate, sgd);
  trouble.cause = cause;
  return trouble;
}

[[nodiscard]] inline Trouble frozen_layer(std::size_t layer) {
  Trouble trouble = healthy();
  trouble.cause = Cause::not_updated;
  trouble.what = "layer " + std::to_string(layer) + " not in the optimizer";
  trouble.frozen = layer;
  return trouble;
}

}  // namespace lamina::bench
