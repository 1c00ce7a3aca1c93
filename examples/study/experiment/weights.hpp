#pragma once

#include <string>

#include <lamina/io/model_tensors.hpp>
#include <lamina/io/tensor_file.hpp>
#include <lamina/network/model.hpp>

namespace study {

/// Sets a model to the weights in a file: those of a checkpoint, which holds more than a model, or of a file of
/// weights, whatever program wrote it and in whatever floating-point type.
/// @param prefix  what the names in a file of weights begin with and the network's do not
/// @throws lamina::FileError  a file that cannot be used
template <class Network>
void read_weights_or_checkpoint(const lamina::TensorFile& file, lamina::Model<Network>& model,
                                const std::string& prefix) {
  if (file.metadata().contains("kind")) {
    lamina::read_model(file, model);
  } else {
    lamina::read_whole_model(file, model, {.prefix = prefix});
  }
}

}  // namespace study
