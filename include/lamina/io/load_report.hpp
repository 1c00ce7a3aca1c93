#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/io/stored_tensor.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A tensor that a file and a network both have, in different shapes.
struct ShapeDifference {
  std::string name;
  Dimensions expected;  ///< the network's
  Dimensions found;     ///< the file's
};

/// What of a file was taken for a network's tensors, by their names.
struct LoadReport {
  std::vector<std::string> loaded;
  std::vector<std::string> missing;          ///< of the network's, those that the file has not
  std::vector<std::string> unexpected;       ///< of the file's, those that the network has not
  std::vector<ShapeDifference> other_shape;  ///< those that both have, but not in the same shape

  /// Whether the file has the network's tensors and no others.
  [[nodiscard]] bool complete() const { return missing.empty() && unexpected.empty() && other_shape.empty(); }
  /// A sentence for each difference, unexpected ones first.
  [[nodiscard]] std::vector<std::string> differences() const {
    std::vector<std::string> sentences;
    for (const std::string& name : unexpected) sentences.push_back("the network has no tensor '" + name + "'");
    for (const std::string& name : missing) sentences.push_back("tensor '" + name + "' is missing");
    for (const auto& [name, expected, found] : other_shape) {
      sentences.push_back("tensor '" + name + "': expected " + to_string(expected) + ", found " + to_string(found));
    }
    return sentences;
  }
};

namespace detail {

/// The first sentences, with semicolons between them, and how many there are besides.
[[nodiscard]] inline std::string listed(std::span<const std::string> sentences) {
  constexpr std::size_t kMost = 8;
  std::string text;
  for (const std::string& sentence : sentences.first(std::min(kMost, sentences.size()))) {
    text.append(text.empty() ? "" : "; ").append(sentence);
  }
  if (sentences.size() > kMost) text += "; and " + std::to_string(sentences.size() - kMost) + " more differences";
  return text;
}

}  // namespace detail

/// A line for each difference, behind how many tensors were loaded.
[[nodiscard]] inline std::string to_string(const LoadReport& report) {
  std::string text = std::to_string(report.loaded.size()) + " tensors loaded";
  for (const std::string& sentence : report.differences()) text += "\n" + sentence;
  return text;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
