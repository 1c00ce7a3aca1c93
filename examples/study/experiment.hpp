#pragma once

#include "options.hpp"

namespace study {

/// Trains a network of the study on CIFAR-100, measures it on the test images and shows what becomes of its gradients,
/// as the options say.
/// @throws lamina::Error  what stopped it
void run_experiment(const Options& options);

}  // namespace study
