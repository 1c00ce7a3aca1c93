/// What the machine can do at most, to hold the kernels against: multiply-adds in registers and traffic to memory.
#include <algorithm>

#include <lamina/lamina.hpp>

#include "micro.hpp"

namespace lamina::bench {
namespace {

constexpr Index kLanes = kernels::kWidestLanes<float>;
using Register = kernels::Vector<float, kLanes>;

/// Two units that take four or five cycles for a multiply-add are busy with ten that do not wait for each other; these
/// and the two factors fit into 16 registers.
constexpr Index kSums = 12;

void multiply_adds(Index rounds, float factor, float summand) {
  const auto a = kernels::broadcast<float, kLanes>(factor);
  const auto b = kernels::broadcast<float, kLanes>(summand);
  Register sums[kSums] = {};
  // Sums that the compiler knows to be equal it would compute once.
  for (Register& sum : sums) benchmark::DoNotOptimize(sum);
  for (Index round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (Register& sum : sums) sum = kernels::multiply_add<float, kLanes>(sum, a, b);
  }
  for (Register& sum : sums) benchmark::DoNotOptimize(sum);
}

void fma_peak(benchmark::State& state) {
  constexpr Index kRounds = 1'000'000;
  const Team team = team_of(state, 0);
  float factor = 0.5F;
  float summand = 1;
  benchmark::DoNotOptimize(factor);
  benchmark::DoNotOptimize(summand);
  for (auto _ : state) {
    team.for_each(team.threads(), [&](Index, Index) { multiply_adds(kRounds, factor, summand); });
  }
  count_operations(state, 2.0 * kSums * kLanes * kRounds * team.threads());
}
BENCHMARK(fma_peak)->Apply(with_threads);

/// In all lanes, so that none of the loads can be left out.
Register sum(const float* values, Range range) {
  Register sums[8] = {};
  for (Index i = range.begin; i + 8 * kLanes <= range.end; i += 8 * kLanes) {
#pragma GCC unroll 8
    for (Index v = 0; v < 8; ++v) sums[v] += kernels::load<float, kLanes>(values + i + v * kLanes);
  }
  for (Index v = 1; v < 8; ++v) sums[0] += sums[v];
  return sums[0];
}

/// Arguments: mebibytes of an array (a few lie in the last-level cache, the others do not) and threads.
void with_size_and_threads(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"MiB", "threads"})->ArgsProduct({{8, 256}, {1, 2}})->UseRealTime();
}

Buffer<float> array_of(const benchmark::State& state) {
  return Buffer<float>(state.range(0) * 1024 * 1024 / static_cast<Index>(sizeof(float)));
}

void read_memory(benchmark::State& state) {
  const Team team = team_of(state, 1);
  const auto values = array_of(state);
  for (auto _ : state) {
    team.for_parts(values.size(), [&](Range range, Index) { benchmark::DoNotOptimize(sum(values.data(), range)); });
  }
  count_bytes(state, values.size());
}
BENCHMARK(read_memory)->Apply(with_size_and_threads);

void copy_memory(benchmark::State& state) {
  const Team team = team_of(state, 1);
  const auto from = array_of(state);
  auto to = array_of(state);
  for (auto _ : state) {
    team.for_parts(from.size(), [&](Range range, Index) {
      std::copy_n(from.data() + range.begin, range.size(), to.data() + range.begin);
    });
    benchmark::ClobberMemory();
  }
  count_bytes(state, 2 * from.size());
}
BENCHMARK(copy_memory)->Apply(with_size_and_threads);

}  // namespace
}  // namespace lamina::bench
