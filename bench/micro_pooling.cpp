/// Pooling. Sides are those of the larger images.
#include <lamina/lamina.hpp>

#include "micro.hpp"

namespace lamina::bench {
namespace {

Shape halved(const Shape& shape) { return {shape.height / 2, shape.width / 2, shape.channels}; }

/// Times pool(team, images, pooled), with images and pooled images of the shapes that the benchmark's arguments give.
template <class Pool>
void run(benchmark::State& state, const Shape& pooled_shape, const Pool& pool) {
  const Team team = team_of(state, 1);
  auto images = random_tensor(kBatch, image_of(state), 0);
  auto pooled = random_tensor(kBatch, pooled_shape, 1);
  for (auto _ : state) pool(team, images.view(), pooled.view());
  count_bytes(state, images.size() + pooled.size());
}

using View = TensorView<float>;

void average_pool(benchmark::State& state) {
  run(state, halved(image_of(state)), kernels::average_pool<float, kChannels, 2>);
}
BENCHMARK(average_pool)->Apply(with_side_and_threads);

void average_pool_gradient(benchmark::State& state) {
  run(state, halved(image_of(state)),
      [](const Team& team, View dx, View dy) { kernels::average_pool_gradient<float, kChannels, 2>(team, dy, dx); });
}
BENCHMARK(average_pool_gradient)->Apply(with_side_and_threads);

void max_pool(benchmark::State& state) { run(state, halved(image_of(state)), kernels::max_pool<float, kChannels, 2>); }
BENCHMARK(max_pool)->Apply(with_side_and_threads);

void max_pool_gradient(benchmark::State& state) {
  const auto x = random_tensor(kBatch, image_of(state), 2);
  Tensor<float> y(kBatch, halved(x.shape()));
  kernels::max_pool<float, kChannels, 2>(Team(1), x.view(), y.view());
  run(state, y.shape(), [&](const Team& team, View dx, View dy) {
    kernels::max_pool_gradient<float, kChannels, 2>(team, x.view(), y.view(), dy, dx);
  });
  count_bytes(state, 2 * (x.size() + y.size()));
}
BENCHMARK(max_pool_gradient)->Apply(with_side_and_threads);

void global_average_pool(benchmark::State& state) {
  run(state, Shape{1, 1, kChannels}, kernels::global_average_pool<float, kChannels>);
}
BENCHMARK(global_average_pool)->Apply(with_side_and_threads);

void global_average_pool_gradient(benchmark::State& state) {
  run(state, Shape{1, 1, kChannels}, [](const Team& team, View dx, View dy) {
    kernels::global_average_pool_gradient<float, kChannels>(team, dy, dx);
  });
}
BENCHMARK(global_average_pool_gradient)->Apply(with_side_and_threads);

}  // namespace
}  // namespace lamina::bench
