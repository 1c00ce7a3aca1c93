#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/engine/graph.hpp>

/// @file
/// What planning decides about a network: how each value comes about, where it lies in memory, and the steps of a
/// forward and a backward pass. Plain data, so that tests can ask the compiler for it.

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// What a plan is for.
enum class Mode {
  training,   ///< batch norms wait for the moments of the batch; backward follows
  inference,  ///< batch norms know their statistics; values live only as long as they are read
};

/// How much is computed together.
enum class Fusion {
  full,  ///< batch norm, addition and activation in the kernels around them
  none,  ///< every operation in passes of its own: slower, the same results up to rounding
};

/// One of the tensors that a value is computed from: the source itself, or what a batch norm makes of it.
struct Summand {
  ValueId source = kNone;  ///< kNone in the first summand of a value that a kernel makes: the kernel's own result
  int batch_norm = kNone;  ///< operation
};

/// How a value comes about: activation(sum of summands), made by a kernel, or by whoever reads it.
struct ValuePlan {
  bool used = false;  ///< false for a value that is only a part of another's expression
  int kernel =
      kNone;  ///< operation (convolution, pooling, channel scaling or layer) that writes it; none for an expression
  std::array<Summand, 2> summands{};
  int activation = kNone;  ///< operation
  bool in_memory = false;  ///< whether it is ever written to memory
  ValueId root = kNone;    ///< value whose memory it lies in: its own, or the concatenation it is a slice of
  Index channel = 0;       ///< first channel there
  ValueId alias = kNone;   ///< value of another shape whose memory it shares

  /// Whether it is the sum of two tensors.
  [[nodiscard]] constexpr bool is_sum() const { return summands[1].source != kNone; }
  [[nodiscard]] constexpr bool has_norm() const {
    return summands[0].batch_norm != kNone || summands[1].batch_norm != kNone;
  }
};

enum class ForwardKind {
  kernel,       ///< runs an operation, which writes `value`
  moments,      ///< computes mean and variance of `value` over the batch
  normalize,    ///< turns moments (in inference: running statistics) into the coefficients of batch norm `operation`
  materialize,  ///< writes the expression `value` to its memory
  copy,  ///< writes `value` to the slice of the concatenation `target` from channel `channel` on, or to the output
};

struct ForwardStep {
  ForwardKind kind = ForwardKind::kernel;
  int operation = kNone;
  ValueId value = kNone;
  bool keeps_input = false;  ///< of a kernel: writes the value of its input, too
  bool moments = false;      ///< of a kernel: computes those of its result, too
  bool folds = false;        ///< of a batch norm: the next step's kernel has it in its epilogue
  ValueId target = kNone;    ///< of a copy; kNone for the network's output
  Index channel = 0;
};

/// A gradient that has been computed: the gradient of z of `value`. Where a batch norm is named, it stands for the
/// gradient of what that batch norm read.
struct GradientSource {
  ValueId value = kNone;   ///< kNone for none; past the last value: the temporary buffer of an operation
  int batch_norm = kNone;  ///< operation
  ValueId raw = kNone;     ///< what the batch norm read
  Index channel = 0;       ///< first channel, where it is a slice of the gradient of a concatenation
  bool slice = false;
  bool loss = false;  ///< the gradient of the loss with respect to the network's output

  [[nodiscard]] constexpr bool empty() const { return value == kNone; }
};

enum class BackwardKind {
  kernel,      ///< runs an operation backward
  clear,       ///< sets the gradient of the concatenation `value` to zero
  accumulate,  ///< gradient of `value` = source + added
  finish,      ///< gradient of z of `value` from that of the value, with the sums of its batch norms
  normalize,   ///< turns the sums of batch norm `operation` into the factors of its input's gradient
};

struct BackwardStep {
  BackwardKind kind = BackwardKind::kernel;
  int operation = kNone;
  ValueId value = kNone;            ///< whose gradient is written; of a kernel: the value it reads
  ValueId result = kNone;           ///< of a kernel: the value it made
  GradientSource source{};          ///< of a kernel: the gradient of what it made; else what is added or finished
  GradientSource added{};           ///< gradient that has reached `value` already
  bool final = false;               ///< whether `value` has now met all its readers: the gradient is that of its z
  ValueId shared = kNone;           ///< slice whose gradient is added to instead, through the batch norm of `value`
  bool accumulate = false;          ///< of a shared target: whether there is something to add to
  ValueId temporary = kNone;        ///< of a layer: buffer that takes the gradient of its input, which is then added
  ValueId factor_gradient = kNone;  ///< of a channel scaling: buffer that takes the gradient of its factors
};

/// Where the gradient of a value lives.
struct GradientPlan {
  bool stored = false;  ///< has memory of its own
  int slot = kNone;     ///< buffer for several of them, one after the other
  bool factors =
      false;  ///< of a concatenation: batch norms that read it left factors of its values, channel by channel
  bool resolved = false;  ///< of a slice of one: its own gradient is free of them
};

/// Buffers that values or gradients take turns in.
template <std::size_t N>
struct Slots {
  std::array<Index, N> sizes{};  ///< values of one sample
  int count = 0;
};

template <std::size_t N>
struct Plan {
  static constexpr std::size_t kMostForward = 4 * N + 4;
  static constexpr std::size_t kMostBackward = 6 * N + 8;

  std::array<ValuePlan, N + 1> values{};
  std::array<ForwardStep, kMostForward> forward{};
  std::size_t forward_count = 0;
  std::array<BackwardStep, kMostBackward> backward{};
  std::size_t backward_count = 0;
  std::array<GradientPlan, 2 * N + 1> gradients{};  ///< of values, then of the operations' temporary buffers
  Slots<2 * N + 1> gradient_slots{};
  std::array<int, N + 1> value_slot{};  ///< in inference, of values that are roots; none for input and output
  Slots<N + 1> value_slots{};
  std::array<ValueId, N + 1> shared_roots{};
  std::array<bool, N + 1> moments{};  ///< of a moments_owner: whether those of its channels are computed

  [[nodiscard]] constexpr ValuePlan& value(ValueId id) { return values[static_cast<std::size_t>(id)]; }
  [[nodiscard]] constexpr const ValuePlan& value(ValueId id) const { return values[static_cast<std::size_t>(id)]; }
  [[nodiscard]] constexpr GradientPlan& gradient(ValueId id) { return gradients[static_cast<std::size_t>(id)]; }
  [[nodiscard]] constexpr const GradientPlan& gradient(ValueId id) const {
    return gradients[static_cast<std::size_t>(id)];
  }

  /// The concatenation in whose gradient that of a value lies; none where it has its own.
  [[nodiscard]] constexpr ValueId shared_root(ValueId id) const {
    return id <= static_cast<ValueId>(N) ? shared_roots[static_cast<std::size_t>(id)] : kNone;
  }

  /// The value whose channels the moments of a value are counted in.
  [[nodiscard]] constexpr ValueId moments_owner(ValueId id) const {
    return value(id).alias == kNone ? value(id).root : id;
  }

  /// Number of forward steps of a kind.
  [[nodiscard]] constexpr std::size_t count(ForwardKind kind) const {
    return static_cast<std::size_t>(std::count_if(forward.begin(), forward.begin() + static_cast<int>(forward_count),
                                                  [kind](const ForwardStep& step) { return step.kind == kind; }));
  }
  /// Number of backward steps of a kind.
  [[nodiscard]] constexpr std::size_t count(BackwardKind kind) const {
    return static_cast<std::size_t>(std::count_if(backward.begin(), backward.begin() + static_cast<int>(backward_count),
                                                  [kind](const BackwardStep& step) { return step.kind == kind; }));
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
