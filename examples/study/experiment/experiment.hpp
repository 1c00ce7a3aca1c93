#pragma once

#include "study/command_line/interruption.hpp"
#include "study/command_line/options.hpp"

namespace study {

/// How an experiment ends.
enum class Outcome {
  finished,
  interrupted,  ///< a signal stopped it, and its folder holds what it goes on from
  in_trouble,   ///< it was to stop where training fails, and did; its folder holds what it goes on from
};

/// Trains a network of the study on CIFAR-100, measures it on the test images and shows what becomes of its gradients,
/// as the options say.
/// @throws lamina::Error  what stopped it
[[nodiscard]] Outcome run_experiment(const Options& options, const Interruption& interruption);

}  // namespace study
