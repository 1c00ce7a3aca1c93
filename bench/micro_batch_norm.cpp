/// Batch norm as a layer of its own, and its reductions.
#include <lamina/lamina.hpp>

#include "micro.hpp"

namespace lamina::bench {
namespace {

/// A value for each channel.
Buffer<float> channel_values(std::uint32_t stream) { return random_values(kChannels, stream); }

void batch_moments(benchmark::State& state) {
  const Team team = team_of(state, 1);
  const auto x = random_tensor(kBatch, image_of(state), 0);
  Buffer<float> scratch(kernels::batch_norm_scratch<kChannels>);
  Buffer<float> mean(kChannels);
  Buffer<float> variance(kChannels);
  for (auto _ : state) {
    kernels::batch_moments<float, kChannels>(team, x.view(), scratch.data(), mean.data(), variance.data());
  }
  count_bytes(state, x.size());
}
BENCHMARK(batch_moments)->Apply(with_side_and_threads);

void scale_and_shift(benchmark::State& state) {
  const Team team = team_of(state, 1);
  const auto x = random_tensor(kBatch, image_of(state), 0);
  const auto scale = channel_values(1);
  const auto shift = channel_values(2);
  Tensor<float> y(kBatch, x.shape());
  for (auto _ : state) {
    kernels::scale_and_shift<float, kChannels>(team, x.view(), scale.data(), shift.data(), y.view());
  }
  count_bytes(state, 2 * x.size());
}
BENCHMARK(scale_and_shift)->Apply(with_side_and_threads);

void batch_norm_parameter_gradients(benchmark::State& state) {
  const Team team = team_of(state, 1);
  const auto x = random_tensor(kBatch, image_of(state), 0);
  const auto dy = random_tensor(kBatch, image_of(state), 1);
  const auto mean = channel_values(2);
  const auto inverse_deviation = channel_values(3);
  Buffer<float> scratch(kernels::batch_norm_scratch<kChannels>);
  Buffer<float> gamma(kChannels);
  Buffer<float> beta(kChannels);
  for (auto _ : state) {
    kernels::batch_norm_parameter_gradients<float, kChannels>(
        team, x.view(), dy.view(), mean.data(), inverse_deviation.data(), scratch.data(), gamma.data(), beta.data());
  }
  count_bytes(state, 2 * x.size());
}
BENCHMARK(batch_norm_parameter_gradients)->Apply(with_side_and_threads);

void combine_channels(benchmark::State& state) {
  const Team team = team_of(state, 1);
  const auto dy = random_tensor(kBatch, image_of(state), 0);
  const auto x = random_tensor(kBatch, image_of(state), 1);
  const auto scale = channel_values(2);
  const auto x_factor = channel_values(3);
  const auto shift = channel_values(4);
  Tensor<float> dx(kBatch, x.shape());
  for (auto _ : state) {
    kernels::combine_channels<float, kChannels>(team, dy.view(), x.view(), scale.data(), x_factor.data(), shift.data(),
                                                dx.view());
  }
  count_bytes(state, 3 * x.size());
}
BENCHMARK(combine_channels)->Apply(with_side_and_threads);

}  // namespace
}  // namespace lamina::bench
