/// Patches of an image, a tile at a time into the same memory, as a convolution makes them. The bytes are those of the
/// patches.
#include <lamina/lamina.hpp>

#include "micro.hpp"

namespace lamina::bench {
namespace {

constexpr kernels::WindowGeometry kGeometry{{.kernel = 3, .padding = 1}, {32, 32, 32}, {32, 32, 32}};
constexpr Index kPatch = 9 * 32;
constexpr Index kTile = kernels::Im2colConvolution<float, 32, 32, 3>::tile_pixels;

/// Runs tile(pixels) for all pixels of an image, one thread's work in a convolution.
template <class Tile>
void run(benchmark::State& state, const Tile& tile) {
  const Index pixels = kGeometry.output.pixels();
  for (auto _ : state) {
    for (Index first = 0; first < pixels; first += kTile) {
      tile(Range{first, std::min(first + kTile, pixels)});
      benchmark::ClobberMemory();
    }
  }
  count_bytes(state, pixels * kPatch);
}

void im2col(benchmark::State& state) {
  const auto image = random_values(kGeometry.input.size(), 0);
  Buffer<float> patches(kTile * kPatch);
  run(state, [&](Range pixels) { kernels::im2col<float, 32, 3>(kGeometry, image.data(), pixels, patches.data()); });
}
BENCHMARK(im2col);

void add_col2im(benchmark::State& state) {
  Buffer<float> image(kGeometry.input.size());
  const Buffer<float> patches(kTile * kPatch);
  run(state, [&](Range pixels) { kernels::add_col2im<float, 32, 3>(kGeometry, patches.data(), pixels, image.data()); });
}
BENCHMARK(add_col2im);

}  // namespace
}  // namespace lamina::bench
