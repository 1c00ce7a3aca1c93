#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/gradient_flow.hpp>
#include <lamina/diagnostics/scientific.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// How the gradient fares on its way from the output to the input.
enum class FlowState {
  healthy,
  vanishing,  ///< the first layer's is lost
  exploding,  ///< the last layer's is lost beside the first's
  uneven,     ///< the two ends are alike, and between them a layer is lost or drowns another
};

[[nodiscard]] constexpr std::string_view to_string(FlowState state) {
  constexpr std::array<std::string_view, 4> names{"healthy", "vanishing", "exploding", "uneven"};
  return names[static_cast<std::size_t>(state)];
}

/// When the mean |gradient| of one layer is this many times another's, the other is lost. A head's is about 1e-4 in the
/// networks of the study, and a ten-thousandth of that is 1e-8, the epsilon of Adam: even an optimiser that rescales
/// every gradient stands still there, and one that does not needs ten thousand steps for the head's one. The networks
/// that learn start within a factor of a thousand (VGG08 first to last 1 : 10 to 1 : 100, VGG38 BN 350 : 1, VGG38 BN+RC
/// 19 : 1); the plain VGG38 starts at 1 : 1e13.
inline constexpr double kLostGradient = 1e4;

/// A gradient flow in words.
struct FlowVerdict {
  FlowState state = FlowState::healthy;
  double ratio = 1;        ///< mean |gradient| of the first layer over the last's; NaN when both are zero
  std::size_t break_at{};  ///< where it breaks, as a place among the weight tensors: the one with the steepest fall (if
                           ///< exploding: rise) of the mean |gradient| from the one after it, as backward meets them
  double change = 1;       ///< mean |gradient| there over the mean |gradient| of the tensor after it
  std::string text{};      ///< all of it in one line
};

/// What a verdict calls a tensor.
using TensorNames = std::function<std::string(const TensorFlow&)>;

/// The kind of the layer and the name of the tensor: "conv 4.branch.0.weight".
[[nodiscard]] inline std::string kind_and_name(const TensorFlow& tensor) {
  return tensor.kind + " " + std::string(tensor.name.view());
}

namespace detail {

[[nodiscard]] inline FlowState flow_state(std::span<const TensorFlow> flow) {
  const double first = flow.front().mean_abs;
  const double last = flow.back().mean_abs;
  const auto [least, most] = std::ranges::minmax(flow, {}, &TensorFlow::mean_abs);
  if (most.mean_abs == 0 || first * kLostGradient < last) return FlowState::vanishing;
  if (first > last * kLostGradient) return FlowState::exploding;
  if (least.mean_abs * kLostGradient < most.mean_abs) return FlowState::uneven;
  return FlowState::healthy;
}

/// Finds where a flow breaks and by how much; 0 beside 0 is no break.
inline void find_break(std::span<const TensorFlow> flow, FlowVerdict& verdict) {
  const bool rise = verdict.state == FlowState::exploding;
  verdict.change = 1;
  for (std::size_t i = flow.size() - 1; i-- > 0;) {
    if (flow[i].mean_abs == 0 && flow[i + 1].mean_abs == 0) continue;
    const double change = flow[i].mean_abs / flow[i + 1].mean_abs;
    if (rise ? change > verdict.change : change < verdict.change) {
      verdict.change = change;
      verdict.break_at = i;
    }
  }
}

/// "steepest fall, by a factor of 2.5e+01, at conv 4.weight"
[[nodiscard]] inline std::string describe_break(const FlowVerdict& verdict, const std::string& tensor) {
  const bool rise = verdict.change > 1;
  const double factor = rise ? verdict.change : 1 / verdict.change;
  return std::string("steepest ") + (rise ? "rise, " : "fall, ") +
         (verdict.change == 0 ? "to nothing" : "by a factor of " + scientific(factor)) + ", at " + tensor;
}

}  // namespace detail

/// Judges a flow by its weight tensors, input first: see FlowState and kLostGradient.
/// @param name  puts the tensors into the words of the verdict
/// @throws ArgumentError  when it has none
[[nodiscard]] inline FlowVerdict judge(std::span<const TensorFlow> tensors, const TensorNames& name = kind_and_name) {
  const std::vector<TensorFlow> flow = weight_tensors(tensors);
  require(!flow.empty(), "a gradient flow without a weight tensor has no verdict");
  const TensorFlow& first = flow.front();
  const TensorFlow& last = flow.back();
  FlowVerdict verdict{.state = detail::flow_state(flow), .ratio = first.mean_abs / last.mean_abs};
  detail::find_break(flow, verdict);
  verdict.text = std::string(to_string(verdict.state)) + ": mean |gradient| " + detail::scientific(first.mean_abs) +
                 " in " + name(first) + " against " + detail::scientific(last.mean_abs) + " in " + name(last) +
                 ", ratio " + detail::scientific(verdict.ratio);
  if (verdict.change != 1) verdict.text += "; " + detail::describe_break(verdict, name(flow[verdict.break_at]));
  return verdict;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
