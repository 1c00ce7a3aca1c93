#pragma once

#include <string>

#include <lamina/schedules/schedule.hpp>

#include "../catch.hpp"
#include "../reference/reference.hpp"

namespace lamina::test {

/// PyTorch's own schedules go from step to step by recurrences, whose rounding adds up to some 1e-16 in twenty steps.
template <Schedule S>
void check_follows_pytorch(const std::string& name, const S& schedule) {
  const auto trace = numbers<double>(reference("schedules.json")[name]);
  for (std::size_t t = 0; t < trace.size(); ++t) {
    CAPTURE(t);
    CHECK(schedule(static_cast<Index>(t)) == Approx(trace[t]).epsilon(1e-12));
  }
}

}  // namespace lamina::test
