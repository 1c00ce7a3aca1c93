/// What a step of training does beside the network: loss, optimiser and batches of images.
#include <cstdint>
#include <numeric>
#include <vector>

#include <lamina/lamina.hpp>

#include "micro.hpp"

namespace lamina::bench {
namespace {

void softmax_cross_entropy(benchmark::State& state) {
  const Team team = team_of(state, 0);
  const auto logits = random_tensor(kBatch, {1, 1, 100}, 0);
  std::vector<Label> labels(kBatch);
  std::iota(labels.begin(), labels.end(), 0);
  Tensor<float> gradient(kBatch, logits.shape());
  for (auto _ : state) {
    benchmark::DoNotOptimize(SoftmaxCrossEntropy{}(logits.view(), labels, gradient.view(), team));
  }
  count_bytes(state, 2 * logits.size());
}
BENCHMARK(softmax_cross_entropy)->Apply(with_threads);

/// Reads parameters, gradients and both moments, and writes all but the gradients.
void adam(benchmark::State& state) {
  constexpr Index kParameters = Vgg38BnRc::parameter_count;
  const Team team = team_of(state, 0);
  Adam<float> optimizer(kParameters);
  auto parameters = random_values(kParameters, 0);
  const auto gradients = random_values(kParameters, 1);
  for (auto _ : state) optimizer.step(parameters.span(), gradients.span(), 1e-3, team);
  count_bytes(state, 7 * kParameters);
}
BENCHMARK(adam)->Apply(with_threads);

Normalization normalization() { return {.mean = {0.5, 0.5, 0.5}, .deviation = {0.25, 0.25, 0.25}}; }

/// Random crop, flip and normalisation of an image.
void augmentation(benchmark::State& state) {
  constexpr Shape kShape{32, 32, 3};
  const ImageNormalizer<float> normalize(kShape, normalization());
  const std::vector<std::uint8_t> image(static_cast<std::size_t>(kShape.size()), 100);
  Buffer<float> result(kShape.size());
  Index sample = 0;
  for (auto _ : state) normalize(image, draw_augmentation(0, 0, sample++), result.data());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(augmentation);

/// A batch that the caller waits for, because it does nothing in between. In training it is made in the background: a
/// step that takes longer than this pays nothing but the background thread's time on a core.
void loader_batch(benchmark::State& state) {
  const TrainTestSets sets = procedural_cifar100({.train = 1000, .test = 1});
  std::vector<Index> samples(1000);
  std::iota(samples.begin(), samples.end(), Index{0});
  BatchLoader<float> loader(sets.train, samples, normalization(), {.batch_size = kBatch});
  for (auto _ : state) benchmark::DoNotOptimize(loader.next().images.data);
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(loader_batch)->UseRealTime();

}  // namespace
}  // namespace lamina::bench
