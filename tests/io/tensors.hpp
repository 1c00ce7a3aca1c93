#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include <lamina/io/tensor_file.hpp>

/// Values that a careless copy would change: signed zeros, subnormal numbers, infinities, a NaN with a payload.
template <class T>
[[nodiscard]] std::array<T, 6> delicate_values() {
  using Limits = std::numeric_limits<T>;
  return {T{-0.0}, Limits::denorm_min(), -Limits::infinity(), Limits::signaling_NaN(), Limits::max(), T{0.1F}};
}

/// A few tensors of several types and ranks, one of them without values.
[[nodiscard]] inline lamina::TensorFile small_file() {
  lamina::TensorFile file;
  file.add<float>("0.weight", {3, 1, 2}, delicate_values<float>());
  file.add<double>("moments", {2, 3}, delicate_values<double>());
  file.add<std::int64_t>("step", {}, std::array<std::int64_t, 1>{-5});
  file.add<float>("nothing", {0, 7}, {});
  return file;
}
