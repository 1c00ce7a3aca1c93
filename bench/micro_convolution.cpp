/// Convolutions of a batch; operations are those of the direct method, of which Winograd's needs a quarter.
///
/// Backward forms the gradients of the data and of the weights together and cannot form those of the data alone: what
/// they cost is convolution_backward less convolution_backward_weights.
#include "convolution_case.hpp"
#include "micro.hpp"

namespace lamina::bench {
namespace {

template <template <Index> class Algorithm, Index Inputs>
ConvolutionCase<Algorithm, Inputs> case_of(const benchmark::State& state) {
  return {state.range(0), team_of(state, 1)};
}

template <template <Index> class Algorithm, Index Inputs>
void convolution_forward(benchmark::State& state) {
  auto convolution = case_of<Algorithm, Inputs>(state);
  for (auto _ : state) convolution.forward();
  count_operations(state, convolution.operations());
}

template <template <Index> class Algorithm, Index Inputs>
void convolution_backward(benchmark::State& state) {
  auto convolution = case_of<Algorithm, Inputs>(state);
  for (auto _ : state) convolution.backward();
  count_operations(state, 2 * convolution.operations());
}

template <template <Index> class Algorithm, Index Inputs>
void convolution_backward_weights(benchmark::State& state) {
  auto convolution = case_of<Algorithm, Inputs>(state);
  for (auto _ : state) convolution.backward_weights();
  count_operations(state, convolution.operations());
}

BENCHMARK(convolution_forward<Winograd, 32>)->Apply(with_side_and_threads);
BENCHMARK(convolution_backward<Winograd, 32>)->Apply(with_side_and_threads);
BENCHMARK(convolution_backward_weights<Winograd, 32>)->Apply(with_side_and_threads);
BENCHMARK(convolution_forward<Im2col, 32>)->Apply(with_side_and_threads);
BENCHMARK(convolution_backward<Im2col, 32>)->Apply(with_side_and_threads);
BENCHMARK(convolution_backward_weights<Im2col, 32>)->Apply(with_side_and_threads);
// The entry of a network, whose images need no gradient.
BENCHMARK(convolution_forward<Im2col, 3>)->Apply(with_side_and_threads);
BENCHMARK(convolution_backward_weights<Im2col, 3>)->Apply(with_side_and_threads);

}  // namespace
}  // namespace lamina::bench
