/// Batch norm, shortcut and activation on the way into and out of a convolution, done here for a batch in memory.
#include <lamina/lamina.hpp>

#include "micro.hpp"

namespace lamina::bench {
namespace {

constexpr float kSlope = 0.01F;

/// A batch norm's numbers for each channel.
struct Normalized {
  Buffer<float> scale = random_values(kChannels, 0);
  Buffer<float> shift = random_values(kChannels, 1);
};

/// Calls body(sample) for the samples of a batch.
template <class Body>
void for_samples(const Team& team, const Body& body) {
  team.for_parts(kBatch, [&](Range samples, Index) {
    for (Index n = samples.begin; n < samples.end; ++n) body(n);
  });
}

void evaluate_value(benchmark::State& state) {
  const Team team = team_of(state, 1);
  const auto raw = random_tensor(kBatch, image_of(state), 2);
  const auto shortcut = random_tensor(kBatch, image_of(state), 3);
  const Normalized norm;
  Tensor<float> values(kBatch, raw.shape());
  const kernels::Deferred<float> deferred{.raw = raw.view(),
                                          .scale = norm.scale.data(),
                                          .shift = norm.shift.data(),
                                          .shortcut = shortcut.data(),
                                          .slope = kSlope};
  for (auto _ : state) {
    for_samples(team, [&](Index n) { kernels::evaluate(deferred, n, values.view().sample(n)); });
  }
  count_bytes(state, 3 * raw.size());
}
BENCHMARK(evaluate_value)->Apply(with_side_and_threads);

void evaluate_gradient(benchmark::State& state) {
  const Team team = team_of(state, 1);
  const auto gradient = random_tensor(kBatch, image_of(state), 2);
  const auto raw = random_tensor(kBatch, image_of(state), 3);
  const auto raw_factor = random_values(kChannels, 4);
  const Normalized norm;
  Tensor<float> values(kBatch, raw.shape());
  const kernels::DeferredGradient<float> deferred{.gradient = gradient.view(),
                                                  .raw = raw.data(),
                                                  .scale = norm.scale.data(),
                                                  .raw_factor = raw_factor.data(),
                                                  .shift = norm.shift.data()};
  for (auto _ : state) {
    for_samples(team, [&](Index n) { kernels::evaluate(deferred, n, values.view().sample(n)); });
  }
  count_bytes(state, 3 * raw.size());
}
BENCHMARK(evaluate_gradient)->Apply(with_side_and_threads);

void go_back(benchmark::State& state) {
  const Team team = team_of(state, 1);
  const auto raw = random_tensor(kBatch, image_of(state), 2);
  const auto gradient = random_tensor(kBatch, image_of(state), 3);
  const auto added = random_tensor(kBatch, image_of(state), 4);
  const Normalized norm;
  const auto mean = random_values(kChannels, 5);
  const auto inverse_deviation = random_values(kChannels, 6);
  Tensor<float> dz(kBatch, raw.shape());
  Buffer<float> sums(kBatch * 2 * kChannels);
  const kernels::Deferred<float> values{
      .raw = raw.view(), .scale = norm.scale.data(), .shift = norm.shift.data(), .slope = kSlope};
  const kernels::DeferredBackward<float> back{.added = added.data(),
                                              .slope = kSlope,
                                              .raw = raw.data(),
                                              .mean = mean.data(),
                                              .inverse_deviation = inverse_deviation.data()};
  const auto frame = kernels::Frame::of(raw.shape());
  for (auto _ : state) {
    for_samples(team, [&](Index n) {
      kernels::go_back(back, values, n, frame, gradient.view().sample(n), dz.view().sample(n),
                       sums.data() + n * 2 * kChannels);
    });
  }
  count_bytes(state, 4 * raw.size());
}
BENCHMARK(go_back)->Apply(with_side_and_threads);

}  // namespace
}  // namespace lamina::bench
