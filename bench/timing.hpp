#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace lamina::bench {

/// Milliseconds of each step, in ascending order. Two steps go before those that are measured.
template <class Step>
[[nodiscard]] std::vector<double> time_steps(int steps, const Step& step) {
  using Clock = std::chrono::steady_clock;
  constexpr int kWarmUp = 2;
  for (int i = 0; i < kWarmUp; ++i) step();
  std::vector<double> times;
  for (int i = 0; i < steps; ++i) {
    const auto start = Clock::now();
    step();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  return times;
}

/// @param values  in ascending order, at least one
[[nodiscard]] inline double median(const std::vector<double>& values) {
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// The number of steps that a program's only argument gives, `otherwise` without one; nothing for any other argument.
[[nodiscard]] inline std::optional<int> steps_argument(int argc, const char* const* argv, int otherwise) {
  if (argc == 1) return otherwise;
  if (argc > 2) return std::nullopt;
  const std::string_view text = argv[1];
  int steps = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), steps);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && steps >= 1 ? std::optional(steps) : std::nullopt;
}

}  // namespace lamina::bench
