#pragma once

#include <map>
#include <span>
#include <string>

#include <lamina/diagnostics/gradient_flow.hpp>

namespace study {

/// Where the layers of a VGG network are, in words that a reader can find in its description: "entry",
/// "stage 2, block 3, conv 1", "reduction 1, conv 1", "head"; batch norms are "norm 1" where a convolution is "conv 1".
class LayerPlaces {
 public:
  /// Reads the structure off the parameter tensors: convolutions without a bias in pairs are processing blocks, two
  /// with a bias are the reduction block that ends a stage.
  /// @param flow  of all parameter tensors of a network, input first
  explicit LayerPlaces(std::span<const lamina::TensorFlow> flow);

  /// The place of a tensor's layer; empty where the network is not built like that.
  [[nodiscard]] std::string of(const lamina::TensorFlow& tensor) const;

  /// The place of a tensor's layer, or else its kind and name: "conv 4.branch.0.weight".
  [[nodiscard]] std::string operator()(const lamina::TensorFlow& tensor) const;

 private:
  std::map<std::string, std::string, std::less<>> places_;  // by the names of layers: "4.branch.0"
};

}  // namespace study
