#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include <lamina/core/description.hpp>
#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The learning rate of a training run: any schedule or function, of epochs or of steps, both from 0 on.
class LearningRate {
 public:
  /// @param rule  gives the rate of an epoch; one that has a description(), as the library's schedules have, keeps it
  template <class Rule>
  requires std::is_invocable_r_v<double, const Rule&, Index> &&(!std::same_as<Rule, LearningRate>)
      LearningRate(Rule rule)  // NOLINT(google-explicit-constructor): stands for the rule
      : description_(description_of(rule)), rule_(std::move(rule)) {}

  /// @param rule  gives the rate of a step, counted over the whole training
  template <class Rule>
  [[nodiscard]] static LearningRate of_steps(Rule rule) {
    LearningRate rate(std::move(rule));
    rate.of_steps_ = true;
    if (rate.description_ != kUndescribed) rate.description_ += " of steps";
    return rate;
  }

  /// The rate of a step of the training, which is one of an epoch.
  [[nodiscard]] double operator()(Index epoch, Index step) const { return rule_(of_steps_ ? step : epoch); }
  [[nodiscard]] const std::string& description() const { return description_; }

 private:
  std::string description_;
  std::function<double(Index)> rule_;
  bool of_steps_ = false;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
