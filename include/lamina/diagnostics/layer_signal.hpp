#pragma once

#include <string>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/segment.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What the values behind one layer are like, over the images of an epoch that were measured: a row of a signal
/// propagation plot (Brock, De and Smith 2021). Their average variance within a channel is standard_deviation^2 +
/// mean^2 - squared_mean.
struct LayerSignal {
  Name name;                      ///< of the layer: "4.branch.0"; "input" for the images
  std::string kind{};             ///< of the layer: "conv"; "input"
  double mean = 0;                ///< of all values
  double standard_deviation = 0;  ///< of all values
  double squared_mean = 0;        ///< mean over the channels of the square of a channel's mean
  double dead_share = 0;       ///< of the channels: never positive; 0 behind what is no rectifier or smooth form of one
  double saturated_share = 0;  ///< of the values: so near a bound of a sigmoid or tanh, of whatever form, that its
                               ///< slope is less than a tenth of its steepest; 0 behind other layers
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
