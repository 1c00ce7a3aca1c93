#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <lamina/core/shape.hpp>

namespace study {

/// How a network is trained, beyond the study: what of it is not named is off.
struct Recipe {
  std::string optimizer = "adam";                ///< or adamw, sgd, lamb
  double momentum = 0;                           ///< of sgd
  bool nesterov = false;                         ///< of sgd
  bool no_decay_on_norms = false;                ///< no weight decay on biases and the parameters of batch norm
  std::optional<std::string> freeze;             ///< what the names of tensors begin with that stay as they are
  std::string schedule = "cosine";               ///< or warmup-cosine, one-cycle, constant
  lamina::Index warmup = 5;                      ///< epochs of warmup-cosine's first part
  lamina::Index accumulate = 1;                  ///< batches in a step
  std::optional<double> ema;                     ///< decay of an exponential moving average of the weights
  std::optional<lamina::Index> swa;              ///< first epoch of stochastic weight averaging
  double mixup = 0;                              ///< alpha; 0 for none
  lamina::Index cutout = 0;                      ///< side of the square; 0 for none
  std::optional<std::filesystem::path> teacher;  ///< the file of another network's weights
  std::optional<std::string> teacher_model;      ///< what network that is, where the file does not say it
  double temperature = 4;                        ///< of distillation
  double teacher_weight = 0.9;
};

}  // namespace study
