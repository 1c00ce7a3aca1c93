#pragma once

#include <concepts>
#include <span>
#include <string>

#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/losses/targets.hpp>

/// @file
/// What a loss is: a function of a network's outputs and of their targets. With five values it also writes the gradient
/// of the mean loss, with four it only evaluates:
///
///     double operator()(TensorView<const T> outputs, TARGET, TensorView<T> gradient, const Team& team) const;
///     double operator()(TensorView<const T> outputs, TARGET, const Team& team) const;
///
/// Both return the mean over the batch, allocate nothing, and have the same bits on any team. The kind of target is in
/// the type: std::span<const Label> for classes, TensorView<const T> for rows, const Targets<T>& for whatever there is.
/// A loss may read several kinds. It may also offer
///
///     void check_targets(TensorView<const T> outputs, TARGET) const;
///
/// which throws ArgumentError for targets that it would refuse, and reads of the outputs nothing but their shape: a
/// training step asks it before the network computes, so that a bad batch leaves the running statistics as they were.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

template <class L, class T, class Target>
concept LossOf = requires(const L& loss, TensorView<const T> outputs, const Target& target, TensorView<T> gradient,
                          const Team& team) {
  { loss(outputs, target, gradient, team) } -> std::same_as<double>;
  { loss(outputs, target, team) } -> std::same_as<double>;
};

}  // namespace detail

/// A loss that reads a class a sample.
template <class L, class T>
concept LabelLoss = detail::LossOf<L, T, std::span<const Label>>;

/// A loss that reads a row of values a sample.
template <class L, class T>
concept RowLoss = detail::LossOf<L, T, TensorView<const T>>;

/// A loss that reads all that there is, and chooses itself.
template <class L, class T>
concept TargetsLoss = detail::LossOf<L, T, Targets<T>>;

template <class L, class T>
concept Loss = LabelLoss<L, T> || RowLoss<L, T> || TargetsLoss<L, T>;

/// The kinds of target that a batch has, or a loss reads.
struct TargetKinds {
  bool labels = false;
  bool rows = false;

  friend constexpr bool operator==(const TargetKinds&, const TargetKinds&) = default;
  /// The kinds that both have.
  friend constexpr TargetKinds operator&(TargetKinds a, TargetKinds b) {
    return {.labels = a.labels && b.labels, .rows = a.rows && b.rows};
  }
};

/// "class labels", "target rows", "class labels and target rows" or "no targets".
[[nodiscard, gnu::cold]] inline std::string to_string(TargetKinds kinds) {
  if (kinds.labels) return kinds.rows ? "class labels and target rows" : "class labels";
  return kinds.rows ? "target rows" : "no targets";
}

/// What a loss reads.
template <class L, class T>
inline constexpr TargetKinds target_kinds{.labels = LabelLoss<L, T> || TargetsLoss<L, T>,
                                          .rows = RowLoss<L, T> || TargetsLoss<L, T>};

/// Of labels and rows, those that a loss reads, by which its outputs are measured.
template <class L, class T>
[[nodiscard]] Targets<T> targets_read_by(const L& /*loss*/, Targets<T> targets) {
  if constexpr (!target_kinds<L, T>.labels) targets.labels = {};
  if constexpr (!target_kinds<L, T>.rows) targets.rows = {};
  return targets;
}

/// Refuses targets of which a loss reads none.
/// @throws ArgumentError  naming both
template <class T, class L>
void require_targets(const L& loss, TargetKinds found) {
  constexpr TargetKinds wanted = target_kinds<L, T>;
  if ((wanted.labels && found.labels) || (wanted.rows && found.rows)) return;
  throw ArgumentError(
      message("the loss ", description_of(loss), " takes ", to_string(wanted), ", got ", to_string(found)));
}

/// Targets of any kind.
inline constexpr TargetKinds kAnyTargets{.labels = true, .rows = true};

/// Calls function(target) with what a loss reads of targets: rows where there are some and it reads rows, else labels.
/// @tparam Kinds  those that the targets may have, of which the loss reads one at least: a program compiles no more of
///                the loss than it may need
/// @throws ArgumentError  targets of a kind that the loss does not read
template <class T, TargetKinds Kinds = kAnyTargets, Loss<T> L, class Function>
decltype(auto) with_target(const L& loss, const Targets<T>& targets, const Function& function) {
  require_targets<T>(loss, {.labels = !targets.labels.empty(), .rows = !targets.rows.empty()});
  if constexpr (TargetsLoss<L, T>) {
    return function(targets);
  } else if constexpr (!LabelLoss<L, T> || !Kinds.labels) {
    return function(targets.rows);
  } else {
    if constexpr (RowLoss<L, T> && Kinds.rows) {
      if (!targets.rows.empty()) return function(targets.rows);
    }
    return function(targets.labels);
  }
}

/// Refuses targets that a loss refuses, as far as it can tell without outputs.
/// @param outputs  their shape
/// @throws ArgumentError
template <class T, TargetKinds Kinds = kAnyTargets, Loss<T> L>
void check_targets(const L& loss, TensorView<const T> outputs, const Targets<T>& targets) {
  with_target<T, Kinds>(loss, targets, [&](const auto& target) {
    if constexpr (requires { loss.check_targets(outputs, target); }) loss.check_targets(outputs, target);
  });
}

/// The loss of a batch.
/// @tparam Kinds    as with_target() takes them
/// @param gradient  overwritten with the gradient of the mean loss; empty to evaluate only
/// @throws ArgumentError  targets of a kind that the loss does not read, and what the loss throws
template <class T, TargetKinds Kinds = kAnyTargets, Loss<T> L>
[[nodiscard]] double loss_of(const L& loss, TensorView<const T> outputs, const Targets<T>& targets,
                             TensorView<T> gradient, const Team& team) {
  return with_target<T, Kinds>(loss, targets, [&](const auto& target) {
    return gradient.empty() ? loss(outputs, target, team) : loss(outputs, target, gradient, team);
  });
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
