#pragma once

#include <benchmark/benchmark.h>

#include <lamina/core/team.hpp>
#include <lamina/kernels/simd.hpp>

#include "random_data.hpp"

/// @file
/// What the microbenchmarks share. A benchmark's arguments are the side of its square images, where it has images, and
/// then the number of threads; it counts what the time goes into, floating-point operations or bytes of memory.

namespace lamina::bench {

inline constexpr Index kBatch = 100;
inline constexpr Index kChannels = 32;

/// The images of a benchmark whose first argument is their side.
[[nodiscard]] inline Shape image_of(const benchmark::State& state) {
  return {state.range(0), state.range(0), kChannels};
}

/// The team of a benchmark whose argument number `argument` is the number of threads.
[[nodiscard]] inline Team team_of(const benchmark::State& state, std::size_t argument) {
  return Team(static_cast<int>(state.range(argument)));
}

/// Shows `amount` of an iteration as a rate, in powers of 1000.
inline void count(benchmark::State& state, const char* unit, double amount) {
  state.counters[unit] =
      benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::OneK::kIs1000);
}
inline void count_operations(benchmark::State& state, double operations) { count(state, "FLOP", operations); }
/// @param values  floats read and floats written
inline void count_bytes(benchmark::State& state, Index values) {
  count(state, "byte", static_cast<double>(values) * sizeof(float));
}

inline void with_threads(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();
}
inline void with_side_and_threads(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"side", "threads"})->ArgsProduct({{32, 16, 8}, {1, 2}})->UseRealTime();
}

}  // namespace lamina::bench
