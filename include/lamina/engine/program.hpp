#pragma once

#include <cstddef>
#include <span>
#include <variant>

#include <lamina/core/instruction_set.hpp>
#include <lamina/engine/kernel_table.hpp>
#include <lamina/engine/planner.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// A planned network as the executors see it: tables of the compiler's, of a length that is no part of the type, so
/// that an executor is compiled once for all networks.
template <class T>
struct Program {
  Shape input{};
  ValueId output = 0;
  std::span<const Operation> operations;
  std::span<const ValueId> reads;
  std::span<const KernelRow<T>> rows;
  std::span<const ValuePlan> values;
  std::span<const ForwardStep> forward;
  std::span<const BackwardStep> backward;
  std::span<const GradientPlan> gradients;
  std::span<const Index> gradient_slots;  ///< sizes, values of one sample
  std::span<const int> value_slot;
  std::span<const Index> value_slots;
  std::span<const ValueId> shared_roots;
  std::span<const bool> moments;

  [[nodiscard]] const Operation& operation(int index) const { return operations[static_cast<std::size_t>(index)]; }
  [[nodiscard]] const ValuePlan& value(ValueId id) const { return values[static_cast<std::size_t>(id)]; }
  [[nodiscard]] const GradientPlan& gradient(ValueId id) const { return gradients[static_cast<std::size_t>(id)]; }
  /// A value that an operation reads, by its place among them.
  [[nodiscard]] ValueId read(int index, int which = 0) const {
    return reads[static_cast<std::size_t>(operation(index).first_read + which)];
  }
  [[nodiscard]] Shape shape(ValueId id) const { return id == 0 ? input : operation(id - 1).output; }
  [[nodiscard]] ValueId shared_root(ValueId id) const {
    return static_cast<std::size_t>(id) < shared_roots.size() ? shared_roots[static_cast<std::size_t>(id)] : kNone;
  }
  [[nodiscard]] ValueId moments_owner(ValueId id) const { return value(id).alias == kNone ? value(id).root : id; }

  /// The row of an operation, of a kind that the caller knows.
  template <template <class> class Row>
  [[nodiscard]] const Row<T>& row(int index) const {
    return std::get<Row<T>>(rows[static_cast<std::size_t>(index)]);
  }
};

namespace detail {

template <class Network, Mode M, Fusion F>
inline constexpr auto plan_of = plan(graph<Network>, M, F);

}  // namespace detail

/// The program of a network.
template <class Network, class T, Mode M, Fusion F>
inline constexpr Program<T> program = [] {
  constexpr const auto& listed = graph<Network>;
  constexpr const auto& made = detail::plan_of<Network, M, F>;
  return Program<T>{
      .input = listed.input,
      .output = listed.output,
      .operations = listed.operations,
      .reads = listed.reads,
      .rows = kernel_rows<T, Network>,
      .values = made.values,
      .forward = std::span(made.forward).first(made.forward_count),
      .backward = std::span(made.backward).first(made.backward_count),
      .gradients = made.gradients,
      .gradient_slots = std::span(made.gradient_slots.sizes).first(static_cast<std::size_t>(made.gradient_slots.count)),
      .value_slot = made.value_slot,
      .value_slots = std::span(made.value_slots.sizes).first(static_cast<std::size_t>(made.value_slots.count)),
      .shared_roots = made.shared_roots,
      .moments = made.moments};
}();

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
