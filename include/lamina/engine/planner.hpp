#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/engine/plan_backward.hpp>
#include <lamina/engine/plan_forward.hpp>
#include <lamina/engine/plan_slots.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// Plans a network: which operations form a unit, where each value lives and for how long, in which steps.
template <std::size_t N, std::size_t R>
[[nodiscard]] constexpr Plan<N> plan(const Graph<N, R>& graph, Mode mode, Fusion fusion) {
  Plan<N> made = detail::ForwardPlanner<N, R>(graph, mode, fusion).run();
  if (mode == Mode::inference) {
    detail::assign_value_slots(graph, made);
    return made;
  }
  made = detail::BackwardPlanner<N, R>(graph, made, fusion).run();
  detail::assign_gradient_slots(graph, made);
  return made;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
