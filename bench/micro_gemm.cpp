/// The products inside of the convolutions, on operands that lie in the caches: Winograd's, of a block of tiles with
/// one point's weights, and im2col's, of a tile of patches with all weights.
#include <lamina/lamina.hpp>

#include "micro.hpp"

namespace lamina::bench {
namespace {

/// Products that each thread does between two looks at the clock, so that the thread team costs nothing beside them.
constexpr Index kRepeats = 1000;

template <Index Rows, Index Depth, Index Columns>
void product(benchmark::State& state) {
  const Team team = team_of(state, 0);
  const auto a = random_values(Rows * Depth, 0);
  const auto b = random_values(kernels::packed_size<float, Depth, Columns>, 1);
  auto c = random_values(team.threads() * Rows * Columns, 2);
  for (auto _ : state) {
    team.for_each(team.threads(), [&](Index, Index thread) {
      for (Index i = 0; i < kRepeats; ++i) {
        kernels::product<float, Depth, Columns>(Rows, a.data(), b.data(), nullptr, c.data() + thread * Rows * Columns);
        benchmark::ClobberMemory();
      }
    });
  }
  count_operations(state, 2.0 * Rows * Depth * Columns * kRepeats * team.threads());
}

template <Index Depth, Index Rows, Index Columns>
void add_outer_products(benchmark::State& state) {
  constexpr Index kPadded = kernels::Tiling<float, Columns>::padded;
  const Team team = team_of(state, 0);
  const auto a = random_values(Depth * Rows, 0);
  const auto b = random_values(Depth * kPadded, 1);
  Buffer<float> c(team.threads() * Rows * kPadded);
  for (auto _ : state) {
    team.for_each(team.threads(), [&](Index, Index thread) {
      for (Index i = 0; i < kRepeats; ++i) {
        kernels::add_outer_products<float, Rows, Columns>(Depth, a.data(), b.data(),
                                                          c.data() + thread * Rows * kPadded);
        benchmark::ClobberMemory();
      }
    });
  }
  count_operations(state, 2.0 * Depth * Rows * Columns * kRepeats * team.threads());
}

constexpr Index kBlock = kernels::WinogradConvolution<float, 32, 32>::block;
constexpr Index kPatch = 9 * 32;
constexpr Index kPatches = kernels::Im2colConvolution<float, 32, 32, 3>::tile_pixels;

BENCHMARK(product<kBlock, 32, 32>)->Apply(with_threads);
BENCHMARK(product<kBlock, 64, 64>)->Apply(with_threads);
BENCHMARK(product<kPatches, kPatch, 32>)->Apply(with_threads);
BENCHMARK(product<kPatches, 27, 32>)->Apply(with_threads);
BENCHMARK(add_outer_products<kBlock, 32, 32>)->Apply(with_threads);
BENCHMARK(add_outer_products<kPatches, kPatch, 32>)->Apply(with_threads);

}  // namespace
}  // namespace lamina::bench
