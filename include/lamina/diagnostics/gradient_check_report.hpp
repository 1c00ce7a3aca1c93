#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/scientific.hpp>
#include <lamina/layers/segment.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Gradient of one tensor, by backward and by differences.
struct TensorGradientCheck {
  Name name;                 ///< as in Network::parameters; "input" for the images
  Index checked = 0;         ///< number of values checked
  double norm = 0;           ///< L2 norm of the whole gradient by backward; where it is nearly 0, nothing was shown
  double largest_error = 0;  ///< of the values checked: what rounding does not explain, relative to the larger of the
                             ///< derivative itself and the root mean square of the tensor's
  Index index = 0;           ///< of that value
  double derivative = 0;     ///< by backward, there
  double difference = 0;     ///< by differences, there
};

/// What check_gradients() found: the tensors of Network::parameters in order, then the input.
struct GradientCheckReport {
  std::vector<TensorGradientCheck> tensors;

  /// The tensor with the largest relative error.
  [[nodiscard]] const TensorGradientCheck& worst() const {
    return *std::ranges::max_element(tensors, {}, &TensorGradientCheck::largest_error);
  }
  [[nodiscard]] double largest_error() const { return worst().largest_error; }
  /// A check that compares 0 with 0 shows nothing: insist that this is well above 0, which it is unless the network has
  /// parameters without effect, such as a bias in front of batch normalisation.
  [[nodiscard]] double smallest_norm() const {
    return std::ranges::min_element(tensors, {}, &TensorGradientCheck::norm)->norm;
  }
};

/// "largest relative error 3.1e-10, in 0.weight[17]: backward says 2.0...e-01, differences say 2.0...e-01".
[[nodiscard]] inline std::string to_string(const GradientCheckReport& report) {
  constexpr int digits = 12;
  const TensorGradientCheck& worst = report.worst();
  return "largest relative error " + detail::scientific(worst.largest_error) + ", in " +
         std::string(worst.name.view()) + "[" + std::to_string(worst.index) + "]: backward says " +
         detail::scientific(worst.derivative, digits) + ", differences say " +
         detail::scientific(worst.difference, digits);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
