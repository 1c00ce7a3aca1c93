#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The loss of one sample whose classes count as much as their coefficients a say:
///
///     -sum over c of  a[c] log p[c],    p = softmax(logits / temperature)
///
/// In double, with the largest logit subtracted before the exponential.
/// @param coefficient  of class c, read twice
/// @param gradient     null, or receives scale (sum(a) p - a): d loss / d logits times scale and temperature; may be
///                     the logits' memory
template <class T, class Coefficient>
[[nodiscard]] double softmax_row_loss(std::span<const T> logits, const Coefficient& coefficient, double scale,
                                      T* gradient, double temperature = 1) {
  const double max = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  const auto shifted = [&](std::size_t c) { return (static_cast<double>(logits[c]) - max) / temperature; };
  double exponentials = 0;
  double coefficients = 0;
  double sum = 0;
  for (std::size_t c = 0; c < logits.size(); ++c) {
    const double a = coefficient(c);
    exponentials += std::exp(shifted(c));
    coefficients += a;
    // A class masked by -infinity must not turn the loss into 0 * infinity.
    if (a != 0) sum += a * shifted(c);
  }
  if (gradient != nullptr) {
    for (std::size_t c = 0; c < logits.size(); ++c) {
      const double p = std::exp(shifted(c)) / exponentials;
      gradient[c] = static_cast<T>(scale * (coefficients * p - coefficient(c)));
    }
  }
  return coefficients * std::log(exponentials) - sum;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
