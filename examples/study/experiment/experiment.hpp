#pragma once

#include "study/command_line/interruption.hpp"
#include "study/command_line/options.hpp"

namespace study {

/// Trains a network of the study on CIFAR-100, measures it on the test images and shows what becomes of its gradients,
/// as the options say.
/// @return whether it came to its end; if not, a signal stopped it, and its folder holds what it goes on from
/// @throws lamina::Error  what stopped it
bool run_experiment(const Options& options, const Interruption& interruption);

}  // namespace study
