#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/engine/plan.hpp>

/// @file
/// The last part of planning: which tensors share a buffer, because one is of no use any more before the other begins.

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine::detail {

/// The steps from the first to the last that touches a tensor; none where it is never touched.
struct Lifetime {
  int first = kNone;
  int last = kNone;

  constexpr void touch(int step) {
    if (first == kNone) first = step;
    last = std::max(last, step);
  }
};

/// Gives each tensor the lowest buffer that is free over its lifetime, in the order in which they begin.
/// @param assign  takes the number of a tensor and of its buffer
template <std::size_t N, class Assign>
constexpr Slots<N> assign_slots(const std::array<Lifetime, N>& lifetimes, const std::array<Index, N>& sizes, int steps,
                                const Assign& assign) {
  Slots<N> slots;
  std::array<int, N> busy_until{};
  busy_until.fill(kNone);
  for (int step = 0; step < steps; ++step) {
    for (std::size_t tensor = 0; tensor < N; ++tensor) {
      if (lifetimes[tensor].first != step) continue;
      std::size_t slot = 0;
      while (busy_until[slot] >= step) ++slot;
      busy_until[slot] = lifetimes[tensor].last;
      slots.sizes[slot] = std::max(slots.sizes[slot], sizes[tensor]);
      slots.count = std::max(slots.count, static_cast<int>(slot) + 1);
      assign(tensor, static_cast<int>(slot));
    }
  }
  return slots;
}

/// Buffers of the gradients, over the backward steps.
template <std::size_t N, std::size_t R>
constexpr void assign_gradient_slots(const Graph<N, R>& graph, Plan<N>& plan) {
  std::array<Lifetime, 2 * N + 1> lifetimes{};
  std::array<Index, 2 * N + 1> sizes{};
  const auto touch = [&](ValueId value, int step) {
    if (value == kNone || value == 0) return;
    const ValueId root = plan.shared_root(value) == kNone ? value : plan.shared_root(value);
    if (plan.gradient(root).stored) lifetimes[static_cast<std::size_t>(root)].touch(step);
  };
  const auto touch_source = [&](const GradientSource& source, int step) {
    if (!source.loss) touch(source.value, step);
  };
  for (int i = 0; i < static_cast<int>(plan.backward_count); ++i) {
    const BackwardStep& step = plan.backward[static_cast<std::size_t>(i)];
    touch_source(step.source, i);
    touch_source(step.added, i);
    touch(step.temporary, i);
    touch(step.factor_gradient, i);
    if (step.shared != kNone) {
      touch(step.shared, i);
    } else if (step.kind != BackwardKind::kernel || step.temporary == kNone) {
      touch(step.value, i);
    }
  }
  for (std::size_t value = 1; value <= N; ++value) {
    sizes[value] = graph.shape(static_cast<ValueId>(value)).size();
    const Operation& made = graph.operations[value - 1];
    // The gradient that an operation leaves in its temporary buffer: of its input, or of a channel scaling's factors.
    sizes[N + value] = graph.shape(graph.reads_of(made)[made.kind == OperationKind::channel_scale ? 1 : 0]).size();
  }
  plan.gradient_slots = assign_slots(lifetimes, sizes, static_cast<int>(plan.backward_count),
                                     [&](std::size_t value, int slot) { plan.gradients[value].slot = slot; });
}

/// Buffers of the values in inference, over the forward steps. The network's output has memory of its own.
template <std::size_t N, std::size_t R>
constexpr void assign_value_slots(const Graph<N, R>& graph, Plan<N>& plan) {
  std::array<Lifetime, N + 1> lifetimes{};
  std::array<Index, N + 1> sizes{};
  const auto touch_memory = [&](ValueId value, int step) {
    if (value == kNone || plan.value(value).root == kNone || plan.value(value).root == 0) return;
    lifetimes[static_cast<std::size_t>(plan.value(value).root)].touch(step);
  };
  const auto touch = [&](ValueId value, int step) {
    if (value == kNone) return;
    touch_memory(value, step);
    for (const Summand& summand : plan.value(value).summands) touch_memory(summand.source, step);
  };
  for (int i = 0; i < static_cast<int>(plan.forward_count); ++i) {
    const ForwardStep& step = plan.forward[static_cast<std::size_t>(i)];
    if (step.kind == ForwardKind::kernel) {
      for (const ValueId input : graph.reads_of(graph.operation(step.operation))) touch(input, i);
    }
    touch(step.value, i);
    touch(step.target, i);
  }
  lifetimes[static_cast<std::size_t>(graph.output)] = {};
  for (std::size_t value = 1; value <= N; ++value) sizes[value] = graph.shape(static_cast<ValueId>(value)).size();
  plan.value_slot.fill(kNone);
  plan.value_slots = assign_slots(lifetimes, sizes, static_cast<int>(plan.forward_count),
                                  [&](std::size_t value, int slot) { plan.value_slot[value] = slot; });
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine::detail
