#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lamina/core/description.hpp>
#include <lamina/core/hash.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/layers/segment.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/optimizers/update_blocks.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What an optimiser does otherwise to some of the tensors. The factors of all rules that apply to a tensor multiply.
struct ParameterRule {
  std::string name;                             ///< for descriptions
  std::function<bool(const Segment&)> applies;  ///< to which tensors
  double learning_rate = 1;  ///< factor of the learning rate; 0 freezes: neither values nor the optimiser's state move
  double weight_decay = 1;   ///< factor of the weight decay
};

/// Groups of parameters, as PyTorch calls what rules make.
using ParameterRules = std::vector<ParameterRule>;

/// No weight decay for tensors of fewer than two dimensions: biases and the parameters of batch norm.
[[nodiscard]] inline ParameterRule no_weight_decay_on_vectors() {
  return {.name = "no weight decay on vectors",
          .applies = [](const Segment& tensor) { return tensor.rank < 2; },
          .weight_decay = 0};
}

/// Another learning rate for tensors whose name begins so: "3." is all of layer 3.
[[nodiscard]] inline ParameterRule learning_rate_factor(const std::string& prefix, double factor) {
  return {.name = "learning rate of " + prefix,
          .applies = [prefix](const Segment& tensor) { return tensor.name.view().starts_with(prefix); },
          .learning_rate = factor};
}

/// Tensors whose name begins so stay as they are. The running statistics of a batch norm follow the batches still.
[[nodiscard]] inline ParameterRule frozen(const std::string& prefix) {
  ParameterRule rule = learning_rate_factor(prefix, 0);
  rule.name = "frozen " + prefix;
  return rule;
}

/// A stretch of the flat array that an optimiser treats alike.
struct ParameterRun {
  Index offset = 0;
  Index size = 0;
  double learning_rate = 1;  ///< factors
  double weight_decay = 1;
};

/// A tensor with the factors of all rules that apply to it.
[[nodiscard]] inline ParameterRun run_of(const Segment& tensor, const ParameterRules& rules) {
  ParameterRun run{.offset = tensor.offset, .size = tensor.size()};
  for (const ParameterRule& rule : rules) {
    if (!rule.applies(tensor)) continue;
    run.learning_rate *= rule.learning_rate;
    run.weight_decay *= rule.weight_decay;
  }
  return run;
}

/// The whole flat array as such stretches, in order: one without rules.
class ParameterRuns {
 public:
  /// @throws ArgumentError  a negative number
  explicit ParameterRuns(Index parameters) : size_(parameters) {
    require_not_negative("the number of parameters", static_cast<double>(parameters));
    runs_.push_back({.offset = 0, .size = parameters});
  }

  /// @param tensors  Network::parameters, which lie one behind the other
  /// @throws ArgumentError  tensors with gaps between them, a factor that is negative or not finite, a rule that
  ///                        applies to no tensor or does not say to which
  ParameterRuns(std::span<const Segment> tensors, const ParameterRules& rules) : ParameterRuns(total(tensors)) {
    require_consecutive(tensors, size_);
    if (rules.empty()) return;
    for (const ParameterRule& rule : rules) check(rule, tensors);
    runs_.clear();
    for (const Segment& tensor : tensors) append(run_of(tensor, rules));
    description_ = describe_rules(rules);
  }

  /// Values of the flat array.
  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] std::span<const ParameterRun> runs() const { return runs_; }
  /// Of the rules, to be appended to an optimiser's own; empty without any.
  [[nodiscard]] const std::string& description() const { return description_; }

  /// Updates the arrays element by element (update_blocks.hpp) but for what is frozen.
  /// @param update_of  from a run to its update of blocks
  template <class UpdateOf, class... T>
  void update(const Team& team, const UpdateOf& update_of, T*... arrays) const {
    if (runs_.size() == 1 && runs_.front().learning_rate > 0) {
      update_blocks(team, size_, update_of(runs_.front()), arrays...);
      return;
    }
    team.for_each(std::ssize(runs_), [&](Index task, Index) {
      const ParameterRun& run = runs_[static_cast<std::size_t>(task)];
      if (run.learning_rate > 0) update_blocks(alone_, run.size, update_of(run), (arrays + run.offset)...);
    });
  }

 private:
  /// So that threads can share a large tensor.
  static constexpr Index kLongestRun = Index{1} << 15;

  static Index total(std::span<const Segment> tensors) {
    Index sum = 0;
    for (const Segment& tensor : tensors) sum += tensor.size();
    return sum;
  }

  static void check(const ParameterRule& rule, std::span<const Segment> tensors) {
    require_not_negative("the learning rate factor of the rule '" + rule.name + "'", rule.learning_rate);
    require_not_negative("the weight decay factor of the rule '" + rule.name + "'", rule.weight_decay);
    require(static_cast<bool>(rule.applies), "the rule '" + rule.name + "' does not say to which tensors it applies");
    require(std::ranges::any_of(tensors, rule.applies), "the rule '" + rule.name + "' applies to no tensor");
  }

  /// Joins what is treated alike, and cuts what is long.
  void append(ParameterRun run) {
    while (run.size > 0) {
      ParameterRun* const last = runs_.empty() ? nullptr : &runs_.back();
      const bool alike = last != nullptr && last->learning_rate == run.learning_rate &&
                         last->weight_decay == run.weight_decay && last->size < kLongestRun;
      if (!alike)
        runs_.push_back(
            {.offset = run.offset, .size = 0, .learning_rate = run.learning_rate, .weight_decay = run.weight_decay});
      const Index taken = std::min(run.size, kLongestRun - runs_.back().size);
      runs_.back().size += taken;
      run.offset += taken;
      run.size -= taken;
    }
  }

  /// Names and factors, and a hash of what the predicates made of them.
  [[nodiscard]] std::string describe_rules(const ParameterRules& rules) const {
    std::string text;
    for (const ParameterRule& rule : rules) {
      text += describe(text.empty() ? rule.name : ", " + rule.name,
                       {{"learning_rate", rule.learning_rate}, {"weight_decay", rule.weight_decay}});
    }
    Hash hash;
    for (const ParameterRun& run : runs_) {
      hash.add(static_cast<std::uint64_t>(run.offset));
      hash.add(to_words(std::array{run.learning_rate, run.weight_decay}));
    }
    return " with rules [" + text + ", tensors " + hexadecimal(hash.value()) + "]";
  }

  Index size_ = 0;
  std::vector<ParameterRun> runs_;
  std::string description_;
  Team alone_{1};  // for the loops over one run: making a team in a step would allocate
};

/// What says which tensors it has: a Model.
template <class M>
concept ParameterOwner = requires {
  typename M::Scalar;
  { M::parameter_tensors() } -> std::same_as<std::span<const Segment>>;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
