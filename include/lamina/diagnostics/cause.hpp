#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Why a network does not learn, those first that explain others.
enum class Cause {
  not_finite,           ///< images or activations are NaN or infinite
  single_class,         ///< nearly all labels are the same
  unnormalized_images,  ///< channels far from mean 0 and deviation 1
  constant_channel,     ///< a channel of the images that is the same everywhere
  unrelated_labels,     ///< the labels cannot be told from the images: shuffled, or belonging to others
  constant_weights,     ///< a tensor of weights that are all the same: its units stay alike
  softmax_before_loss,  ///< the network ends in probabilities, and the loss takes logits
  wrong_backward,       ///< a layer whose backward is not the derivative of its forward
  detached_shortcut,    ///< a shortcut that passes no gradient, or nothing at all
  epsilon_too_small,    ///< a batch norm that divides by next to nothing
  saturated_units,      ///< activations so near their bounds that they have no slope
  dead_units,           ///< rectifiers that are never positive
  gain_too_small,       ///< each layer shrinks activations or errors, and the signal is lost on the way
  gain_too_large,       ///< each layer enlarges them
  missing_norm,         ///< one layer without the norm that all others have
  learning_rate_too_high,
  not_updated,  ///< a tensor that stays as it is though it has a gradient
  learning_rate_too_low,
};

inline constexpr std::size_t kCauses = static_cast<std::size_t>(Cause::learning_rate_too_low) + 1;

/// "gain too small".
[[nodiscard]] constexpr std::string_view to_string(Cause cause) {
  constexpr std::array<std::string_view, kCauses> names{"not finite",
                                                        "a single class",
                                                        "images not normalized",
                                                        "constant input channel",
                                                        "labels unrelated to images",
                                                        "constant weights",
                                                        "softmax before the loss",
                                                        "wrong backward",
                                                        "detached shortcut",
                                                        "epsilon too small",
                                                        "saturated units",
                                                        "dead units",
                                                        "gain too small",
                                                        "gain too large",
                                                        "missing norm",
                                                        "learning rate too high",
                                                        "tensor not updated",
                                                        "learning rate too low"};
  return names[static_cast<std::size_t>(cause)];
}

/// One thing that is wrong.
struct Finding {
  Cause cause = Cause::not_finite;
  std::string where{};     ///< layer or tensor; "images", "labels", "training"
  std::string evidence{};  ///< what was measured, in a clause
  std::string remedy{};    ///< what to do, the most effective first

  /// "vanishing at conv 3: ...; remedy: ..." in one line.
  [[nodiscard]] std::string text() const {
    return std::string(to_string(cause)) + " (" + where + "): " + evidence + "; remedy: " + remedy;
  }
};

/// A verdict: what was found, the root first. Nothing is found in a healthy network.
struct Diagnosis {
  std::vector<Finding> findings{};

  [[nodiscard]] bool healthy() const { return findings.empty(); }
  /// The findings, a line each, or that there is none.
  [[nodiscard]] std::string text() const {
    if (healthy()) return "healthy: nothing was found that keeps it from learning\n";
    std::string lines;
    for (const Finding& finding : findings) lines += finding.text() + "\n";
    return lines;
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
