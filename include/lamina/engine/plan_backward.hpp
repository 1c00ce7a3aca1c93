#pragma once

#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/engine/plan.hpp>

/// @file
/// The backward half of planning: how the gradient of each value is put together from its readers', in the reverse
/// order of the operations. A gradient is left where it is as long as one reader gives all of it; kernels add what
/// other readers gave and go through activation and batch norm while theirs is in the cache.

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine::detail {

/// Writes the backward steps into a plan whose forward half is made.
template <std::size_t N, std::size_t R>
class BackwardPlanner {
 public:
  constexpr BackwardPlanner(const Graph<N, R>& graph, const Plan<N>& plan, Fusion fusion)
      : graph_(graph), plan_(plan), fused_(fusion == Fusion::full) {}

  constexpr Plan<N> run() {
    for (ValueId value = 0; value <= static_cast<ValueId>(N); ++value) plan_.shared_roots[at(value)] = find_root(value);
    count_contributions();
    contribute(graph_.output, {.value = graph_.output, .loss = true});
    for (int i = static_cast<int>(N) - 1; i >= 0; --i) differentiate(i);
    finish_input();
    return plan_;
  }

 private:
  /// What has reached a value so far.
  struct State {
    int missing = 0;         ///< contributions still to come
    GradientSource given{};  ///< one that is left where it is
    bool stored = false;     ///< the value's own gradient memory holds a sum
    bool finished = false;   ///< and it is the gradient of z
  };

  static constexpr std::size_t at(int index) { return static_cast<std::size_t>(index); }
  constexpr State& state(ValueId value) { return states_[at(value)]; }
  constexpr const ValuePlan& value_plan(ValueId value) const { return plan_.value(value); }
  constexpr const Operation& operation(int index) const { return graph_.operation(index); }
  constexpr ValueId read(int index) const { return graph_.reads_of(operation(index))[0]; }

  constexpr ValueId shared_root(ValueId value) const { return plan_.shared_root(value); }
  constexpr ValueId find_root(ValueId value) const {
    const ValuePlan& plan = value_plan(value);
    if (value == 0 || plan.root == kNone || plan.root == 0 || plan.alias != kNone) return kNone;
    return graph_.maker(plan.root).kind == OperationKind::concatenation ? plan.root : kNone;
  }
  /// Whether nothing but a kernel's own arithmetic stands between a value and the gradient of its readers.
  constexpr bool bare(ValueId value) const {
    const ValuePlan& plan = value_plan(value);
    return plan.activation == kNone && !(plan.kernel == kNone && plan.has_norm());
  }

  constexpr void count_contributions() {
    ++state(graph_.output).missing;
    for (ValueId value = 1; value <= static_cast<ValueId>(N); ++value) {
      const ValuePlan& plan = value_plan(value);
      if (!plan.used) continue;
      for (const Summand& summand : plan.summands) {
        if (summand.source != kNone) ++state(summand.source).missing;
      }
      if (plan.kernel != kNone) {
        for (const ValueId input : graph_.reads_of(operation(plan.kernel))) ++state(input).missing;
      } else if (plan.summands[0].source == kNone) {
        for (const ValueId operand : graph_.reads_of(graph_.maker(value))) ++state(operand).missing;
      }
    }
  }

  constexpr BackwardStep& append(const BackwardStep& step) { return plan_.backward[plan_.backward_count++] = step; }

  /// What has reached a value, as one source. Call settle() first where it must be one.
  constexpr GradientSource source_of(ValueId value) const {
    const State& now = states_[at(value)];
    return now.stored ? GradientSource{.value = value} : now.given;
  }

  constexpr void store(ValueId value) {
    state(value).stored = true;
    state(value).given = {};
    if (const ValueId root = shared_root(value); root != kNone) {
      cover(root);
    } else {
      plan_.gradient(value).stored = true;
    }
  }

  /// Makes sure that all of a concatenation's gradient may be added to.
  constexpr void cover(ValueId root) {
    plan_.gradient(root).stored = true;
    if (covered_[at(root)]) return;
    covered_[at(root)] = true;
    append({.kind = BackwardKind::clear, .value = root});
  }

  /// Whether a source is a tensor as it lies there.
  constexpr bool in_memory(const GradientSource& source) const {
    return source.loss || (source.batch_norm == kNone && !source.slice && shared_root(source.value) == kNone);
  }

  /// Brings what has reached a value into its own gradient memory, unless it lies in memory by itself.
  constexpr void settle(ValueId value) {
    const State& now = state(value);
    if (now.given.empty() || in_memory(now.given)) return;
    append({.kind = BackwardKind::accumulate, .value = value, .source = now.given});
    store(value);
  }

  /// The gradient of a value takes a part that is there already.
  constexpr void contribute(ValueId value, const GradientSource& source) {
    State& now = state(value);
    --now.missing;
    if (now.given.empty() && !now.stored && shared_root(value) == kNone) {
      now.given = source;
      return;
    }
    if (shared_root(value) != kNone) {
      cover(shared_root(value));
      append({.kind = BackwardKind::accumulate, .value = value, .source = source, .added = {.value = value}});
    } else if (now.stored || in_memory(now.given)) {
      append({.kind = BackwardKind::accumulate, .value = value, .source = source, .added = source_of(value)});
    } else if (in_memory(source)) {
      append({.kind = BackwardKind::accumulate, .value = value, .source = now.given, .added = source});
    } else {
      append({.kind = BackwardKind::accumulate, .value = value, .source = now.given});
      append({.kind = BackwardKind::accumulate, .value = value, .source = source, .added = {.value = value}});
    }
    store(value);
  }

  /// The value that operation i ends, if it is one: that of an expression, or of a kernel with all it absorbs.
  constexpr void differentiate(int i) {
    const OperationKind kind = operation(i).kind;
    const bool kernel = kind == OperationKind::layer || kind == OperationKind::convolution ||
                        kind == OperationKind::pooling || kind == OperationKind::channel_scale;
    if (kernel) return differentiate_kernel(i);
    const ValueId value = i + 1;
    if (!value_plan(value).used || value_plan(value).kernel != kNone) return;
    if (kind == OperationKind::concatenation) return differentiate_concatenation(value);
    if (kind == OperationKind::reshape) {
      settle(value);
      return contribute(read(i), source_of(value));
    }
    finish(value);
    for (const Summand& summand : value_plan(value).summands) {
      if (summand.source == kNone) continue;
      if (summand.batch_norm == kNone) {
        contribute(summand.source, source_of(value));
      } else if (!shared_norm_[at(summand.batch_norm)]) {
        append({.kind = BackwardKind::normalize, .operation = summand.batch_norm, .value = value});
        contribute(summand.source, {.value = value, .batch_norm = summand.batch_norm, .raw = summand.source});
      }
    }
  }

  /// Turns the gradient of a value into that of its z, unless a kernel has done so.
  constexpr void finish(ValueId value) {
    State& now = state(value);
    if (now.finished || bare(value)) return;
    append({.kind = BackwardKind::finish, .value = value, .source = source_of(value)});
    store(value);
    now.finished = true;
    plan_.gradient(value).resolved = true;
  }

  constexpr void differentiate_concatenation(ValueId value) {
    // Every reader has given its part: what no reader reached is zero.
    cover(value_plan(value).root);
    Index channel = value_plan(value).channel;
    for (const ValueId operand : graph_.reads_of(graph_.maker(value))) {
      const ValuePlan& plan = value_plan(operand);
      if (plan.root == value_plan(value).root && plan.channel == channel && operand != 0) {
        --state(operand).missing;
        state(operand).stored = true;
      } else {
        contribute(operand, {.value = value_plan(value).root, .channel = channel, .slice = true});
      }
      channel += graph_.shape(operand).channels;
    }
  }

  constexpr void differentiate_kernel(int kernel) {
    ValueId result = kernel + 1;
    while (value_plan(result).kernel != kernel) ++result;
    finish(result);
    if (operation(kernel).kind == OperationKind::layer || !fused_) settle(result);
    const ValuePlan& plan = value_plan(result);
    if (plan.is_sum()) contribute(plan.summands[1].source, source_of(result));
    const GradientSource source = source_of(result);
    const ValueId input = read(kernel);
    BackwardStep step{
        .kind = BackwardKind::kernel, .operation = kernel, .value = input, .result = result, .source = source};
    const bool scales = operation(kernel).kind == OperationKind::channel_scale;
    if (scales) {
      step.factor_gradient = temporary_of(kernel);
      plan_.gradient(step.factor_gradient).stored = true;
    }
    if (operation(kernel).kind == OperationKind::layer) {
      differentiate_layer(step);
    } else if (shared_root(input) != kNone) {
      differentiate_slice(step);
    } else if (reads_through_norm(input)) {
      differentiate_shared(step);
    } else {
      differentiate_alone(step);
    }
    if (scales) contribute(graph_.reads_of(operation(kernel))[1], {.value = temporary_of(kernel)});
  }

  /// The buffer of an operation for a gradient that it leaves to be added.
  static constexpr ValueId temporary_of(int operation) { return static_cast<ValueId>(N) + 1 + operation; }

  /// A kernel whose input has a gradient of its own: adds what is there, and goes through to z if nothing else comes.
  constexpr void differentiate_alone(BackwardStep step) {
    State& now = state(step.value);
    settle(step.value);
    --now.missing;
    step.added = source_of(step.value);
    step.final = fused_ && now.missing == 0;
    append(step);
    store(step.value);
    now.finished = step.final;
  }

  /// A kernel that reads a concatenation or a slice of one.
  constexpr void differentiate_slice(BackwardStep step) {
    State& now = state(step.value);
    const ValueId root = shared_root(step.value);
    const bool whole = value_plan(step.value).channel == 0 && graph_.shape(step.value) == graph_.shape(root);
    --now.missing;
    if (covered_[at(root)] || !whole) {
      cover(root);
      step.added = {.value = step.value};
    }
    covered_[at(root)] = true;
    append(step);
    store(step.value);
  }

  /// Whether a value is activation(batch norm(slice of a concatenation)) with one reader: then the reader can add to
  /// the slice's gradient at once, as all that follows from the batch's moments are factors of the slice's own values.
  constexpr bool reads_through_norm(ValueId input) const {
    const ValuePlan& plan = value_plan(input);
    const Summand& summand = plan.summands[0];
    return fused_ && plan.kernel == kNone && !plan.in_memory && summand.batch_norm != kNone && !plan.is_sum() &&
           shared_root(summand.source) != kNone && bare(summand.source) && states_[at(input)].missing == 1 &&
           !is_summed(summand.source);
  }
  /// Whether a value's gradient is handed on as it is, to an addition or a reshaped value.
  constexpr bool is_summed(ValueId value) const { return value_plan(value).is_sum(); }

  constexpr void differentiate_shared(BackwardStep step) {
    const Summand& summand = value_plan(step.value).summands[0];
    const ValueId slice = summand.source;
    const ValueId root = shared_root(slice);
    const bool whole = value_plan(slice).channel == 0 && graph_.shape(slice) == graph_.shape(root);
    if (!whole) cover(root);
    step.final = true;
    step.shared = slice;
    step.accumulate = covered_[at(root)];
    covered_[at(root)] = true;
    append(step);
    append({.kind = BackwardKind::normalize, .operation = summand.batch_norm, .value = step.value, .shared = slice});
    plan_.gradient(root).factors = true;
    store(slice);
    --state(slice).missing;
    --state(step.value).missing;
    state(step.value).finished = true;
    shared_norm_[at(summand.batch_norm)] = true;
  }

  /// A layer's own definition overwrites what it is given: straight into the gradient where it is alone, else into a
  /// buffer of its own that is then added.
  constexpr void differentiate_layer(BackwardStep step) {
    State& now = state(step.value);
    const bool alone = now.given.empty() && !now.stored && shared_root(step.value) == kNone;
    if (alone) {
      --now.missing;
      append(step);
      store(step.value);
      return;
    }
    step.temporary = temporary_of(step.operation);
    plan_.gradient(step.temporary).stored = true;
    append(step);
    settle(step.value);
    BackwardStep sum{.kind = BackwardKind::accumulate,
                     .value = step.value,
                     .source = {.value = step.temporary},
                     .added = source_of(step.value)};
    if (const ValueId root = shared_root(step.value); root != kNone) {
      cover(root);
      sum.added = {.value = step.value};
    }
    append(sum);
    --now.missing;
    store(step.value);
  }

  /// The gradient of the network's input goes to memory of the caller's.
  constexpr void finish_input() {
    State& now = state(0);
    if (!now.stored && !now.given.empty()) {
      append({.kind = BackwardKind::accumulate, .value = 0, .source = now.given});
      store(0);
    }
  }

  const Graph<N, R>& graph_;
  Plan<N> plan_;
  bool fused_;
  std::array<State, N + 1> states_{};
  std::array<bool, N + 1> covered_{};
  std::array<bool, N + 1> shared_norm_{};
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine::detail
