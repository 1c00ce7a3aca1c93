#pragma once

#include <vector>

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/gradient_flow.hpp>
#include <lamina/diagnostics/layer_signal.hpp>
#include <lamina/diagnostics/noise_evidence.hpp>
#include <lamina/diagnostics/tensor_update.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// All that training has measured of an epoch so far: what a verdict on it rests on. A list is empty where its kind was
/// not measured.
struct TrainingEvidence {
  Index epoch = 0;                          ///< from 1
  Index step = 0;                           ///< batches of the epoch that are done
  double learning_rate = 0;                 ///< of the last of them
  std::vector<TensorFlow> gradient_flow{};  ///< of every parameter tensor, input first
  std::vector<LayerSignal> signals{};       ///< of the layers' values, input first
  std::vector<TensorUpdate> updates{};      ///< of every parameter tensor, input first
  NoiseEvidence noise{};                    ///< of weight tensors
  std::vector<double> losses{};             ///< of the batches, in order
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
