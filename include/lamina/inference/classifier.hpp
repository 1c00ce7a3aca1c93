#pragma once

#include <string>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/data/normalization.hpp>
#include <lamina/network/model.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A model with what it takes to ask it about an image as it lies in a file: how images are normalised, as they were in
/// training, and what the classes are called. save_classifier() writes all of it.
/// @tparam Network  a Sequential whose output has a logit for each class
template <class Network, class T = float>
struct Classifier {
  static_assert(Network::output_shape.pixels() == 1, "Lamina: a classifier's output is a vector of logits");

  Model<Network, T> model = Model<Network, T>();
  Normalization normalization{};
  std::vector<std::string> class_names{};  ///< from class 0 on; empty where they are not known
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
