#pragma once

#include <cstdint>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/engine/layout.hpp>
#include <lamina/kernels/expression.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// What a pass over a network works on.
template <class T>
struct RunMemory {
  const Team& team;
  const T* parameters = nullptr;
  const T* statistics = nullptr;
  T* memory = nullptr;  ///< laid out by a Layout
  TensorView<const T> input{};
  TensorView<T> output{};
};

/// The coefficients of a batch norm, each a value a channel.
template <class T>
struct NormCoefficients {
  const T* mean = nullptr;
  T* inverse_deviation = nullptr;
  T* scale = nullptr;  ///< scale x + shift is the normalised value
  T* shift = nullptr;
  T* raw_factor = nullptr;  ///< scale dz + raw_factor x + raw_shift is the gradient of x
  T* raw_shift = nullptr;
  T* sums = nullptr;  ///< without gamma and beta: over the batch, of dz x_hat, then of dz
};

/// One pass over a network: what its steps ask for, by the numbers of values and operations. The steps ask in many
/// places and seldom, beside the work they do, so that what they call is not inlined.
template <class T>
class Run {
 public:
  Run(const Program<T>& program, const Layout& layout, const RunMemory<T>& memory)
      : program_(program), layout_(layout), memory_(memory) {}

  [[nodiscard]] const Program<T>& program() const { return program_; }
  [[nodiscard]] const Layout& layout() const { return layout_; }
  [[nodiscard]] const Team& team() const { return memory_.team; }
  [[nodiscard]] Index batch() const { return memory_.input.batch; }
  [[nodiscard]] T* at(Index offset) const { return memory_.memory + offset; }
  [[nodiscard]] T* scratch() const { return at(layout_.scratch); }
  [[nodiscard]] const T* parameters(int operation) const {
    return memory_.parameters + program_.operation(operation).parameter_offset;
  }
  [[nodiscard]] const T* statistics(int operation) const {
    return memory_.statistics + program_.operation(operation).statistics_offset;
  }
  [[nodiscard]] const TensorView<T>& output() const { return memory_.output; }

  /// A value that lies in memory, to read.
  [[nodiscard, gnu::noinline]] TensorView<const T> value(ValueId id) const {
    const ValueId root = program_.value(id).root;
    if (root != 0) return writable(id);
    return {memory_.input.data, batch(), program_.shape(id)};
  }

  /// A value that lies in memory, to write; not the network's input.
  [[nodiscard, gnu::noinline]] TensorView<T> writable(ValueId id) const {
    const ValuePlan& plan = program_.value(id);
    T* const data =
        plan.root == program_.output ? memory_.output.data : at(layout_.values[static_cast<std::size_t>(plan.root)]);
    const Shape shape = program_.shape(id);
    const Index stride = plan.alias == kNone ? program_.shape(plan.root).channels : shape.channels;
    return {data + plan.channel, batch(), shape, stride};
  }

  /// `count` channels of a value's memory from channel `first` on.
  [[nodiscard]] TensorView<T> slice(ValueId root, Index first, const Shape& shape) const {
    return writable(root).channels(first, shape.channels);
  }

  /// Mean and biased variance of the channels of a value over the batch.
  [[nodiscard]] T* mean(ValueId id) const { return moments(id); }
  [[nodiscard]] T* variance(ValueId id) const {
    return moments(id) + program_.shape(program_.moments_owner(id)).channels;
  }

  [[nodiscard, gnu::noinline]] NormCoefficients<T> norm(int operation) const {
    const Index channels = program_.operation(operation).output.channels;
    T* const vectors = at(layout_.norms[static_cast<std::size_t>(operation)]);
    const ValueId source = program_.read(operation);
    const bool has_moments = program_.moments[static_cast<std::size_t>(program_.moments_owner(source))];
    return {.mean = has_moments ? mean(source) : statistics(operation),
            .inverse_deviation = vectors,
            .scale = vectors + channels,
            .shift = vectors + 2 * channels,
            .raw_factor = vectors + 3 * channels,
            .raw_shift = vectors + 4 * channels,
            .sums = vectors + NormVectors::kVectors * channels};
  }

  [[nodiscard]] kernels::Activation<T> activation(int operation) const {
    if (operation == kNone) return {};
    return program_.template row<ActivationRow>(operation).activation;
  }

  /// A value as its reader finds it: in memory, or to be computed on the way in.
  [[nodiscard]] kernels::Expression<T> read(ValueId id) const {
    return program_.value(id).in_memory ? kernels::Expression<T>{.raw = value(id)} : expression(id);
  }

  /// How a value that no kernel makes is computed.
  [[nodiscard, gnu::noinline]] kernels::Expression<T> expression(ValueId id) const {
    const ValuePlan& plan = program_.value(id);
    const auto& [first, second] = plan.summands;
    kernels::Expression<T> expression{.raw = value(first.source), .activation = activation(plan.activation)};
    if (first.batch_norm != kNone) {
      expression.scale = norm(first.batch_norm).scale;
      expression.shift = norm(first.batch_norm).shift;
    }
    if (!plan.is_sum()) return expression;
    expression.addend = value(second.source);
    if (second.batch_norm == kNone) return expression;
    expression.addend_scale = norm(second.batch_norm).scale;
    expression.shift = first.batch_norm == kNone ? norm(second.batch_norm).shift : common_shift(id);
    return expression;
  }

  /// What a kernel does with its result before it writes it.
  [[nodiscard, gnu::noinline]] kernels::Expression<T> epilogue(ValueId id) const {
    const ValuePlan& plan = program_.value(id);
    kernels::Expression<T> expression{.activation = activation(plan.activation)};
    if (plan.summands[0].batch_norm != kNone) {
      expression.scale = norm(plan.summands[0].batch_norm).scale;
      expression.shift = norm(plan.summands[0].batch_norm).shift;
    }
    if (plan.is_sum()) expression.addend = value(plan.summands[1].source);
    return expression;
  }

 private:
  [[nodiscard]] T* moments(ValueId id) const {
    return at(layout_.moments[static_cast<std::size_t>(program_.moments_owner(id))]) + program_.value(id).channel;
  }

  /// The sum of the shifts of a value's two batch norms.
  [[nodiscard, gnu::noinline]] const T* common_shift(ValueId id) const {
    const auto& [first, second] = program_.value(id).summands;
    T* const sum = at(layout_.shifts[static_cast<std::size_t>(id)]);
    for (Index c = 0; c < program_.shape(id).channels; ++c) {
      sum[c] = norm(first.batch_norm).shift[c] + norm(second.batch_norm).shift[c];
    }
    return sum;
  }

  const Program<T>& program_;
  const Layout& layout_;
  RunMemory<T> memory_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
