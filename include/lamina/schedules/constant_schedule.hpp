#pragma once

#include <string>

#include <lamina/core/description.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/schedules/schedule.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The same learning rate at every position.
class ConstantSchedule {
 public:
  /// @throws ArgumentError  a negative or non-finite learning rate
  explicit ConstantSchedule(double learning_rate) : learning_rate_(learning_rate) {
    require_not_negative("the learning rate", learning_rate);
  }

  [[nodiscard]] double operator()(Index) const { return learning_rate_; }

  /// Kind and options.
  [[nodiscard]] std::string description() const {
    return describe("ConstantSchedule", {{"learning_rate", learning_rate_}});
  }

 private:
  double learning_rate_;
};

static_assert(Schedule<ConstantSchedule>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
