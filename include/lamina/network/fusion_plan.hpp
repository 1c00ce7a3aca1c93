#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <lamina/network/operation.hpp>

namespace lamina {

/// A convolution (or another layer, or nothing) with the batch norm, shortcut and activation behind it; behind another
/// layer there is none of these. Unit u reads value u and makes value u + 1; value 0 is the network's input.
struct FusedUnit {
  static constexpr int none = -1;

  int layer = none;  ///< operation that is a convolution or a plain layer; none: the raw tensor is the value before
  bool convolution = false;
  int batch_norm = none;  ///< operation
  int shortcut = none;    ///< value that is added
  int activation = none;  ///< operation
  int gradient_slot = 0;  ///< buffer of the gradient of scale raw + shift + shortcut in backward
  int value_slot = 0;     ///< buffer of the value in inference

  /// Whether the value differs from the raw tensor.
  [[nodiscard]] constexpr bool deferred() const { return batch_norm != none || shortcut != none || activation != none; }
};

/// The units of a network with N operations and where their values and gradients live.
template <std::size_t N>
struct FusionPlan {
  std::array<FusedUnit, N> units{};
  std::size_t count = 0;
  /// Whether a value must be in memory: a shortcut starts there, or its reader cannot compute it while it reads.
  std::array<bool, N + 1> kept{};
  std::array<Shape, N + 1> shapes{};
  /// Number of buffers.
  int gradient_slots = 0;
  int value_slots = 0;
};

namespace detail {

/// The lowest slot that is not busy until turn `from` or later, marked as busy until turn `until`; turns count up.
template <std::size_t N>
constexpr int take_slot(std::array<std::size_t, N>& busy_until, std::size_t from, std::size_t until) {
  std::size_t slot = 0;
  while (busy_until[slot] >= from) ++slot;
  busy_until[slot] = until;
  return static_cast<int>(slot);
}

/// A unit's gradient is made while the next unit goes back and read when the unit itself does; where a shortcut ends it
/// is read again when the unit behind the shortcut's start goes back.
template <std::size_t N>
constexpr void assign_gradient_slots(FusionPlan<N>& plan) {
  std::array<std::size_t, N + 1> busy_until{};
  for (std::size_t u = plan.count; u-- > 0;) {
    FusedUnit& unit = plan.units[u];
    const std::size_t last = unit.shortcut == FusedUnit::none ? u : static_cast<std::size_t>(unit.shortcut);
    unit.gradient_slot = take_slot(busy_until, plan.count - u, plan.count - last + 1);
    plan.gradient_slots = std::max(plan.gradient_slots, unit.gradient_slot + 1);
  }
}

/// In inference a unit's value is read by the next unit and by those whose shortcut starts there.
template <std::size_t N>
constexpr void assign_value_slots(FusionPlan<N>& plan) {
  std::array<std::size_t, N + 1> busy_until{};
  for (std::size_t u = 0; u < plan.count; ++u) {
    std::size_t last = u + 1;
    for (std::size_t reader = u + 1; reader < plan.count; ++reader) {
      if (plan.units[reader].shortcut == static_cast<int>(u + 1)) last = reader;
    }
    plan.units[u].value_slot = take_slot(busy_until, u + 1, last + 1);
    plan.value_slots = std::max(plan.value_slots, plan.units[u].value_slot + 1);
  }
}

}  // namespace detail

/// Turns operations into units: each convolution takes the batch norm, the end of a shortcut and the activation that
/// follow it, in this order and as far as they are there. What of these follows no convolution makes a unit of its own.
template <class T, std::size_t N>
[[nodiscard]] constexpr FusionPlan<N> plan_fusion(const std::array<Operation<T>, N>& operations, const Shape& input) {
  FusionPlan<N> plan;
  plan.shapes[0] = input;
  std::array<int, N> shortcuts{};
  std::size_t open = 0;
  std::size_t i = 0;
  const auto next_is = [&](OperationKind kind) { return i < N && operations[i].kind == kind; };
  while (i < N) {
    const auto value = static_cast<int>(plan.count);
    if (next_is(OperationKind::shortcut_begin)) {
      plan.kept[plan.count] = true;
      shortcuts[open++] = value;
      ++i;
      continue;
    }
    FusedUnit unit;
    Shape shape = plan.shapes[plan.count];
    unit.convolution = next_is(OperationKind::convolution);
    const bool plain = next_is(OperationKind::plain);
    if (unit.convolution || plain) {
      shape = operations[i].layer.output_shape;
      unit.layer = static_cast<int>(i++);
    }
    if (!plain && next_is(OperationKind::batch_norm)) unit.batch_norm = static_cast<int>(i++);
    if (!plain && next_is(OperationKind::shortcut_end)) {
      unit.shortcut = shortcuts[--open];
      ++i;
    }
    if (!plain && next_is(OperationKind::activation)) unit.activation = static_cast<int>(i++);
    if (!unit.convolution) plan.kept[plan.count] = true;
    plan.units[plan.count++] = unit;
    plan.shapes[plan.count] = shape;
  }
  plan.kept[plan.count] = true;
  detail::assign_gradient_slots(plan);
  detail::assign_value_slots(plan);
  return plan;
}

}  // namespace lamina
