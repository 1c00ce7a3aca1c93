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

/// The learning rate of a training run by epochs, from 0 on: any schedule or function.
class LearningRate {
 public:
  /// @param rule  gives the rate of an epoch; one that has a description(), as the library's schedules have, keeps it
  template <class Rule>
  requires std::is_invocable_r_v<double, const Rule&, Index> &&(!std::same_as<Rule, LearningRate>)
      LearningRate(Rule rule)  // NOLINT(google-explicit-constructor): stands for the rule
      : description_(description_of(rule)), rule_(std::move(rule)) {}

  [[nodiscard]] double operator()(Index epoch) const { return rule_(epoch); }
  [[nodiscard]] const std::string& description() const { return description_; }

 private:
  std::string description_;
  std::function<double(Index)> rule_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
