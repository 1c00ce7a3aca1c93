#pragma once

#include <concepts>
#include <string>

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A learning rate as a function of the position in training, an epoch or a step from 0 on: a pure value, so training
/// that resumes at a position continues as if it had never stopped. It says its kind and its options.
template <class S>
concept Schedule = std::copyable<S> && requires(const S& schedule, Index position) {
  { schedule(position) } -> std::same_as<double>;
  { schedule.description() } -> std::same_as<std::string>;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
