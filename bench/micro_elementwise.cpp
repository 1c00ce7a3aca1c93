/// Passes over whole tensors, value by value.
#include <lamina/lamina.hpp>

#include "micro.hpp"

namespace lamina::bench {
namespace {

constexpr float kSlope = 0.01F;

void leaky_relu(benchmark::State& state) {
  const Team team = team_of(state, 1);
  const auto x = random_tensor(kBatch, image_of(state), 0);
  Tensor<float> y(kBatch, x.shape());
  for (auto _ : state) kernels::leaky_relu(team, x.size(), x.data(), kSlope, y.data());
  count_bytes(state, 2 * x.size());
}
BENCHMARK(leaky_relu)->Apply(with_side_and_threads);

void leaky_relu_gradient(benchmark::State& state) {
  const Team team = team_of(state, 1);
  const auto y = random_tensor(kBatch, image_of(state), 0);
  const auto dy = random_tensor(kBatch, image_of(state), 1);
  Tensor<float> dx(kBatch, y.shape());
  for (auto _ : state) kernels::leaky_relu_gradient(team, y.size(), y.data(), dy.data(), kSlope, dx.data());
  count_bytes(state, 3 * y.size());
}
BENCHMARK(leaky_relu_gradient)->Apply(with_side_and_threads);

void add(benchmark::State& state) {
  const Team team = team_of(state, 1);
  const auto first = random_tensor(kBatch, image_of(state), 0);
  const auto second = random_tensor(kBatch, image_of(state), 1);
  Tensor<float> result(kBatch, first.shape());
  for (auto _ : state) kernels::add(team, first.size(), first.data(), second.data(), result.data());
  count_bytes(state, 3 * first.size());
}
BENCHMARK(add)->Apply(with_side_and_threads);

}  // namespace
}  // namespace lamina::bench
