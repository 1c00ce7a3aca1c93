#pragma once

#include <limits>
#include <string>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/segment.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// How much of the gradient of a batch is the gradient of all images, and how much the accident of which images are in
/// the batch.
struct GradientNoiseScale {
  /// Squared norm of the gradient over its variance in a batch: above 1, most of what a step follows is signal. 0 where
  /// no signal shows.
  double signal_to_noise = 0;
  /// Images for which the two would be equal: B_simple of McCandlish et al. 2018. Infinite where no signal shows.
  double noise_scale = std::numeric_limits<double>::infinity();
};

/// The noise of one weight tensor.
struct TensorNoise {
  Name name;           ///< as in Network::parameters: "4.branch.0.weight"
  std::string kind{};  ///< of its layer: "conv"
  GradientNoiseScale noise{};
};

/// The noise of a network, over the steps of an epoch that were measured.
struct NoiseEvidence {
  GradientNoiseScale total{};          ///< of the tensors below together
  std::vector<TensorNoise> tensors{};  ///< input first; without the weights whose gradient is not summed in parts
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
