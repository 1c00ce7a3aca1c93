#pragma once

#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/engine/plan.hpp>

/// @file
/// The forward half of planning: which operation absorbs which, what lies in memory and where, and in which order.

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine::detail {

/// Decides how the values of a network come about and writes the forward steps into a plan.
template <std::size_t N, std::size_t R>
class ForwardPlanner {
 public:
  constexpr ForwardPlanner(const Graph<N, R>& graph, Mode mode, Fusion fusion)
      : graph_(graph), mode_(mode), fused_(fusion == Fusion::full) {}

  constexpr Plan<N> run() {
    count_readers();
    plan_.value(0) = {.used = true, .in_memory = true, .root = 0};
    for (int i = 0; i < static_cast<int>(N); ++i) compose(i);
    keep(graph_.output);
    place();
    for (int i = 0; i < static_cast<int>(N); ++i) schedule(i);
    finish_output();
    return plan_;
  }

 private:
  static constexpr std::size_t at(int index) { return static_cast<std::size_t>(index); }

  constexpr const Operation& operation(int index) const { return graph_.operation(index); }
  constexpr ValueId read(int index, std::size_t which = 0) const { return graph_.reads_of(operation(index))[which]; }
  constexpr bool is_kernel(int index) const {
    const OperationKind kind = operation(index).kind;
    return kind == OperationKind::layer || kind == OperationKind::convolution || kind == OperationKind::pooling ||
           kind == OperationKind::channel_scale;
  }

  constexpr void count_readers() {
    for (int i = 0; i < static_cast<int>(N); ++i) {
      for (const ValueId value : graph_.reads_of(operation(i))) {
        ++readers_[at(value)];
        reader_[at(value)] = i;
      }
    }
    ++readers_[at(graph_.output)];
    if (graph_.output > 0) reader_[at(graph_.output)] = kNone;
  }

  /// The only operation that reads a value; none where there are several, or it is the network's output.
  constexpr int only_reader(ValueId value) const { return readers_[at(value)] == 1 ? reader_[at(value)] : kNone; }

  /// Whether a value is the result of a kernel or expression that was composed before, and not absorbed by another.
  constexpr bool available(ValueId value) const { return plan_.value(value).used; }

  constexpr void keep(ValueId value) { plan_.value(value).in_memory = true; }

  /// Decides how the result of operation i comes about.
  constexpr void compose(int i) {
    if (plan_.value(i + 1).used || absorbed_[at(i)]) return;
    switch (operation(i).kind) {
      case OperationKind::layer:
      case OperationKind::convolution:
      case OperationKind::pooling:
      case OperationKind::channel_scale:
        return compose_kernel(i);
      case OperationKind::batch_norm:
        return compose_norm(i);
      case OperationKind::activation:
        return compose_activation(i);
      case OperationKind::add:
        return compose_sum(i);
      case OperationKind::concatenation:
        for (const ValueId value : graph_.reads_of(operation(i))) keep(value);
        plan_.value(i + 1) = {.used = true, .in_memory = true};
        return;
      case OperationKind::reshape:
        keep(read(i));
        plan_.value(i + 1) = {.used = true, .in_memory = true, .alias = read(i)};
        return;
    }
  }

  /// A convolution or channel scaling takes what follows it into its epilogue: an addition whose other value is there,
  /// a rectifier (whose derivative the value tells; in inference any activation), and before them a convolution a batch
  /// norm whose statistics are known.
  constexpr void compose_kernel(int kernel) {
    ValuePlan value{.used = true, .kernel = kernel, .in_memory = true};
    ValueId last = kernel + 1;
    const OperationKind kind = operation(kernel).kind;
    if (kind == OperationKind::convolution && fused_) last = absorb_norm(last, value);
    if ((kind == OperationKind::convolution || kind == OperationKind::channel_scale) && fused_) {
      last = absorb_addition(last, value);
      last = absorb_activation(last, value);
    }
    if (kind == OperationKind::channel_scale) keep(read(kernel, 1));
    // A layer of any kind needs its input in memory, and so does what cannot read an expression.
    const ValueId input = read(kernel);
    if (kind == OperationKind::layer || !fused_) keep(input);
    if (!plan_.value(input).in_memory && readers_[at(input)] > 1) keep(input);
    plan_.value(last) = value;
  }

  constexpr ValueId absorb_norm(ValueId last, ValuePlan& value) {
    const int next = only_reader(last);
    if (mode_ == Mode::training || next == kNone || operation(next).kind != OperationKind::batch_norm) return last;
    value.summands[0].batch_norm = next;
    absorbed_[at(next)] = true;
    return next + 1;
  }

  constexpr ValueId absorb_addition(ValueId last, ValuePlan& value) {
    const int next = only_reader(last);
    if (next == kNone || operation(next).kind != OperationKind::add || read(next, 0) == read(next, 1)) return last;
    const ValueId other = read(next, 0) == last ? read(next, 1) : read(next, 0);
    // The other value must have been made before the kernel runs.
    if (other > value.kernel || !available(other)) return last;
    keep(other);
    value.summands[1].source = other;
    absorbed_[at(next)] = true;
    return next + 1;
  }

  constexpr ValueId absorb_activation(ValueId last, ValuePlan& value) {
    const int next = only_reader(last);
    if (next == kNone || operation(next).kind != OperationKind::activation) return last;
    if (mode_ == Mode::training && !operation(next).rectifier) return last;
    // In training a batch norm still stands between the kernel and the activation: see compose_activation.
    value.activation = next;
    absorbed_[at(next)] = true;
    return next + 1;
  }

  constexpr void compose_norm(int i) {
    const ValueId source = read(i);
    keep(source);
    plan_.value(i + 1) = {.used = true, .summands = {{{source, i}}}, .in_memory = !fused_};
  }

  /// Whether the expression of a value can become a part of its only reader's.
  constexpr bool merges(ValueId value) const {
    const ValuePlan& plan = plan_.value(value);
    return fused_ && plan.used && plan.kernel == kNone && plan.activation == kNone && plan.alias == kNone &&
           plan.summands[0].source != kNone && !plan.in_memory && readers_[at(value)] == 1;
  }

  constexpr void compose_activation(int i) {
    const ValueId input = read(i);
    ValuePlan value{.used = true, .summands = {{{input, kNone}}}, .in_memory = !fused_};
    if (merges(input)) {
      value.summands = plan_.value(input).summands;
      plan_.value(input).used = false;
    } else {
      keep(input);
    }
    value.activation = i;
    plan_.value(i + 1) = value;
  }

  constexpr void compose_sum(int i) {
    ValuePlan value{.used = true, .in_memory = !fused_};
    for (std::size_t k = 0; k < 2; ++k) {
      const ValueId input = read(i, k);
      if (merges(input) && !plan_.value(input).is_sum()) {
        value.summands[k] = plan_.value(input).summands[0];
        plan_.value(input).used = false;
      } else {
        keep(input);
        value.summands[k] = {input, kNone};
      }
    }
    plan_.value(i + 1) = value;
  }

  /// Gives every value in memory its place. From the output on, so that a concatenation within another finds its own.
  constexpr void place() {
    for (ValueId value = static_cast<ValueId>(N); value > 0; --value) {
      ValuePlan& plan = plan_.value(value);
      if (!plan.used || !plan.in_memory || plan.alias != kNone) continue;
      if (plan.root == kNone) plan.root = value;
      if (graph_.maker(value).kind == OperationKind::concatenation) place_operands(value);
    }
    for (ValueId value = 1; value <= static_cast<ValueId>(N); ++value) {
      ValuePlan& plan = plan_.value(value);
      if (plan.used && plan.alias != kNone) plan.root = plan_.value(plan.alias).root;
    }
  }

  constexpr void place_operands(ValueId concatenation) {
    Index channel = plan_.value(concatenation).channel;
    for (const ValueId operand : graph_.reads_of(graph_.maker(concatenation))) {
      ValuePlan& plan = plan_.value(operand);
      const bool free =
          operand != 0 && plan.root == kNone && plan.alias == kNone && !is_reshaped(operand) && !made_by_layer(plan);
      if (free) {
        plan.root = plan_.value(concatenation).root;
        plan.channel = channel;
      }
      channel += graph_.shape(operand).channels;
    }
  }

  /// A layer's own definition writes and reads whole tensors, without gaps.
  constexpr bool made_by_layer(const ValuePlan& plan) const {
    return plan.kernel != kNone && operation(plan.kernel).kind == OperationKind::layer;
  }
  constexpr bool is_reshaped(ValueId value) const {
    for (int i = 0; i < static_cast<int>(N); ++i) {
      const OperationKind kind = operation(i).kind;
      if (read(i) == value && (kind == OperationKind::reshape || kind == OperationKind::layer)) return true;
    }
    return value == graph_.output;
  }

  constexpr ForwardStep& append(const ForwardStep& step) { return plan_.forward[plan_.forward_count++] = step; }

  /// Sees to it that a value is in memory.
  constexpr void materialize(ValueId value) {
    const ValuePlan& plan = plan_.value(value);
    if (plan.alias != kNone) return materialize(plan.alias);
    if (value == 0 || plan.kernel != kNone || written_[at(value)]) return;
    if (graph_.maker(value).kind == OperationKind::concatenation) return;
    written_[at(value)] = true;
    append({.kind = ForwardKind::materialize, .value = value});
  }

  /// Writes the steps of operation i.
  constexpr void schedule(int i) {
    const Operation& made = operation(i);
    if (is_kernel(i)) return schedule_kernel(i);
    if (made.kind == OperationKind::batch_norm) return schedule_norm(i);
    const ValueId value = i + 1;
    if (!plan_.value(value).used && made.kind != OperationKind::add) return;
    if (made.kind == OperationKind::concatenation) return schedule_concatenation(value);
    if (made.kind == OperationKind::reshape) return materialize(read(i));
    // Of a sum that became part of another expression, the summands are those of that expression.
    for (const ValueId input : graph_.reads_of(made)) {
      if (!absorbed_[at(i)] && plan_.value(input).used && plan_.value(input).in_memory) materialize(input);
    }
    if (!fused_ && plan_.value(value).used && plan_.value(value).kernel == kNone) materialize(value);
  }

  constexpr void schedule_kernel(int kernel) {
    ForwardStep step{.kind = ForwardKind::kernel, .operation = kernel, .value = result_of(kernel)};
    if (operation(kernel).kind == OperationKind::channel_scale) materialize(read(kernel, 1));
    const ValueId input = read(kernel);
    const ValuePlan& read_plan = plan_.value(input);
    const bool to_write = read_plan.in_memory && read_plan.kernel == kNone && input != 0 && read_plan.alias == kNone &&
                          graph_.maker(input).kind != OperationKind::concatenation && !written_[at(input)];
    if (to_write && fused_ && operation(kernel).kind != OperationKind::layer) {
      step.keeps_input = true;
      written_[at(input)] = true;
    } else if (read_plan.in_memory) {
      materialize(input);
    }
    const ValueId addend = plan_.value(step.value).summands[1].source;
    if (addend != kNone) materialize(addend);
    const int norm = plan_.value(step.value).summands[0].batch_norm;
    if (norm != kNone) append({.kind = ForwardKind::normalize, .operation = norm, .folds = true});
    append(step);
  }

  /// The value that a kernel writes: its own result or that of the last operation it absorbs.
  constexpr ValueId result_of(int kernel) const {
    ValueId value = kernel + 1;
    while (plan_.value(value).kernel != kernel) value = only_reader(value) + 1;
    return value;
  }

  constexpr void schedule_norm(int i) {
    if (absorbed_[at(i)]) return;
    const ValueId source = read(i);
    materialize(source);
    if (mode_ == Mode::training) require_moments(source);
    append({.kind = ForwardKind::normalize, .operation = i});
    if (!fused_) materialize(i + 1);
  }

  /// Has the moments of a value computed: by the kernel that writes it, or in a pass; those of a concatenation
  /// part by part, so that what several batch norms read is computed once.
  constexpr void require_moments(ValueId value) {
    if (has_moments_[at(value)]) return;
    has_moments_[at(value)] = true;
    const ValuePlan& plan = plan_.value(value);
    plan_.moments[at(plan_.moments_owner(value))] = true;
    if (value != 0 && graph_.maker(value).kind == OperationKind::concatenation && all_in_place(value)) {
      for (const ValueId operand : graph_.reads_of(graph_.maker(value))) require_moments(operand);
      return;
    }
    const bool computes_moments = plan.kernel != kNone && operation(plan.kernel).kind != OperationKind::layer &&
                                  operation(plan.kernel).kind != OperationKind::channel_scale;
    if (computes_moments && fused_) {
      for (std::size_t s = 0; s < plan_.forward_count; ++s) {
        ForwardStep& step = plan_.forward[s];
        if (step.kind == ForwardKind::kernel && step.operation == plan.kernel) step.moments = true;
      }
      return;
    }
    append({.kind = ForwardKind::moments, .value = value});
  }

  constexpr bool all_in_place(ValueId concatenation) const {
    Index channel = plan_.value(concatenation).channel;
    for (const ValueId operand : graph_.reads_of(graph_.maker(concatenation))) {
      const ValuePlan& plan = plan_.value(operand);
      if (plan.root != plan_.value(concatenation).root || plan.channel != channel) return false;
      channel += graph_.shape(operand).channels;
    }
    return true;
  }

  constexpr void schedule_concatenation(ValueId value) {
    Index channel = plan_.value(value).channel;
    for (const ValueId operand : graph_.reads_of(graph_.maker(value))) {
      materialize(operand);
      const ValuePlan& plan = plan_.value(operand);
      if (plan.root != plan_.value(value).root || plan.channel != channel) {
        append({.kind = ForwardKind::copy, .value = operand, .target = plan_.value(value).root, .channel = channel});
      }
      channel += graph_.shape(operand).channels;
    }
  }

  /// The network's output lies in memory of the caller's, which a kernel or expression of its own can write.
  constexpr void finish_output() {
    const ValueId output = graph_.output;
    materialize(output);
    const ValuePlan& plan = plan_.value(output);
    if (output == 0 || plan.alias != kNone) append({.kind = ForwardKind::copy, .value = output});
  }

  const Graph<N, R>& graph_;
  Mode mode_;
  bool fused_;
  Plan<N> plan_{};
  std::array<int, N + 1> readers_{};
  std::array<int, N + 1> reader_{};
  std::array<bool, N + 1> absorbed_{};
  std::array<bool, N + 1> written_{};
  std::array<bool, N + 1> has_moments_{};
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine::detail
