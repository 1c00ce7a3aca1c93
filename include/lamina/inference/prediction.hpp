#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <ranges>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A class that an image may be of.
struct ClassProbability {
  Label label = 0;
  double probability = 0;  ///< by softmax
  std::string name;        ///< empty where it is not known
};

/// The classes that an image is likeliest of, the likeliest first.
struct Prediction {
  std::vector<ClassProbability> top;

  [[nodiscard]] const ClassProbability& best() const { return top.front(); }
};

/// What logits say: probabilities by softmax, of which the k largest are given. Of equal ones the lower class is first.
/// @param values       the logits, a span or vector of float or double
/// @param class_names  one a class, or none
/// @throws ArgumentError   k below 1 or above the number of classes, and another number of names than of classes
/// @throws NonFiniteError  a logit that is not finite
template <std::ranges::contiguous_range Logits>
[[nodiscard]] Prediction to_prediction(const Logits& values, Index k, std::span<const std::string> class_names = {}) {
  const std::span logits(values);
  require(k >= 1 && k <= std::ssize(logits), "the number of classes to predict must be from 1 to " +
                                                 std::to_string(logits.size()) + ", got " + std::to_string(k));
  require(class_names.empty() || class_names.size() == logits.size(),
          "expected the names of " + std::to_string(logits.size()) + " classes, found " +
              std::to_string(class_names.size()));
  for (std::size_t c = 0; c < logits.size(); ++c) {
    if (!is_finite(logits[c])) throw NonFiniteError("the logit of class " + std::to_string(c) + " is not finite");
  }
  const auto largest = static_cast<double>(*std::ranges::max_element(logits));
  double sum = 0;
  for (const auto logit : logits) sum += std::exp(static_cast<double>(logit) - largest);

  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  Prediction prediction;
  for (const std::size_t c : std::span(order).first(static_cast<std::size_t>(k))) {
    prediction.top.push_back({.label = static_cast<Label>(c),
                              .probability = std::exp(static_cast<double>(logits[c]) - largest) / sum,
                              .name = class_names.empty() ? std::string{} : class_names[c]});
  }
  return prediction;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
