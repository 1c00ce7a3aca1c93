#pragma once

#include <string>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/segment.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// How far a step moves one parameter tensor, over the steps of an epoch that were measured.
struct TensorUpdate {
  Name name;              ///< as in Network::parameters: "4.branch.0.weight"
  std::string kind{};     ///< of its layer: "conv"
  bool is_weight = true;  ///< it has two dimensions or more
  double ratio = 0;  ///< mean |dw| over mean |w|, L2 norms: about 1e-3 where training goes well; 0 for a tensor that
                     ///< does not move
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
