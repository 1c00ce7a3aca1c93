/// MatrixConvolution on the layers of the networks that bench/compare times: the argument is the number of the layer in
/// the table below. Backward forms the gradients of the data and of the weights.
#include <array>

#include <lamina/kernels/matrix_convolution.hpp>

#include "micro.hpp"

namespace lamina::bench {
namespace {

using Kernel = kernels::MatrixConvolution<float>;

struct Layer {
  const char* name;
  Index batch;
  Shape input;
  Index outputs;
  kernels::Window window{};
  Index stride = 0;          ///< channels of the tensor that the input is a slice of; 0 for its own
  bool batch_norm = false;   ///< whether batch norm and ReLU are computed as the input is read
  bool no_gradient = false;  ///< of the input
};

constexpr kernels::Window kThree{.kernel = 3, .padding = 1};
constexpr kernels::Window kHalf{.kernel = 3, .stride = 2, .padding = 1};
constexpr std::array kLayers{
    Layer{"MLP: linear 784 to 512, batch 100", 100, {1, 1, 784}, 512, {}, 0, false, true},
    Layer{"MLP: linear 512 to 512, batch 100", 100, {1, 1, 512}, 512},
    Layer{"MLP: linear 512 to 10, batch 100", 100, {1, 1, 512}, 10},
    Layer{"MLP: linear 784 to 512, batch 1", 1, {1, 1, 784}, 512},
    Layer{"MLP: linear 512 to 512, batch 1", 1, {1, 1, 512}, 512},
    Layer{"LeNet: 1 to 6, 5x5, batch 64", 64, {28, 28, 1}, 6, {.kernel = 5, .padding = 2}, 0, false, true},
    Layer{"LeNet: 6 to 16, 5x5, batch 64", 64, {14, 14, 6}, 16, {.kernel = 5}},
    Layer{"LeNet: linear 400 to 120, batch 64", 64, {1, 1, 400}, 120},
    Layer{"LeNet: linear 120 to 84, batch 64", 64, {1, 1, 120}, 84},
    Layer{"LeNet: linear 84 to 10, batch 64", 64, {1, 1, 84}, 10},
    Layer{"VGG-11: 64 to 128, 16x16", 100, {16, 16, 64}, 128, kThree},
    Layer{"VGG-11: 256 to 512, 4x4", 100, {4, 4, 256}, 512, kThree},
    Layer{"VGG-11: 512 to 512, 4x4", 100, {4, 4, 512}, 512, kThree},
    Layer{"VGG-11: 512 to 512, 2x2", 100, {2, 2, 512}, 512, kThree},
    Layer{"VGG-11: 512 to 512, 2x2, batch 1", 1, {2, 2, 512}, 512, kThree},
    Layer{"VGG-11: 64 to 128, 16x16, batch 1", 1, {16, 16, 64}, 128, kThree},
    Layer{"DenseNet: 24 to 48, 1x1", 100, {32, 32, 24}, 48, {}, 132, true},
    Layer{"DenseNet: 84 to 48, 1x1", 100, {32, 32, 84}, 48, {}, 132, true},
    Layer{"DenseNet: 132 to 48, 1x1", 100, {32, 32, 132}, 48, {}, 132, true},
    Layer{"DenseNet: 48 to 12, 3x3", 100, {32, 32, 48}, 12, kThree, 0, true},
    Layer{"entry: 3 to 32, 3x3", 100, {32, 32, 3}, 32, kThree, 0, false, true},
    Layer{"ResNet-20: 16 to 32, 3x3, stride 2", 100, {32, 32, 16}, 32, kHalf},
    Layer{"ResNet-20: 16 to 32, 1x1, stride 2", 100, {32, 32, 16}, 32, {.stride = 2}},
    Layer{"ResNet-20: 32 to 64, 3x3, stride 2", 100, {16, 16, 32}, 64, kHalf},
};

/// The tensors of a layer, and its passes.
class LayerCase {
 public:
  explicit LayerCase(benchmark::State& state)
      : layer_(kLayers[static_cast<std::size_t>(state.range(0))]),
        team_(team_of(state, 1)),
        scratch_(std::max(Kernel::forward_scratch(shape_, layer_.batch, team_.threads()),
                          Kernel::backward_scratch(shape_, layer_.batch, team_.threads()))) {
    Kernel::prepare(shape_, weights_.data(), nullptr, prepared_.data());
    state.SetLabel(layer_.name);
  }

  void forward(bool frozen) {
    Kernel::forward(shape_, {.team = team_,
                             .weights = weights_.data(),
                             .prepared = frozen ? prepared_.data() : nullptr,
                             .scratch = scratch_.data(),
                             .input = input(),
                             .output = output_.view()});
  }

  void backward() {
    kernels::ConvolutionBackward<float> pass{.team = team_,
                                             .weights = weights_.data(),
                                             .scratch = scratch_.data(),
                                             .input = input(),
                                             .output_gradient = {.gradient = output_gradient_.view()},
                                             .weight_gradient = weight_gradient_.data()};
    if (!layer_.no_gradient) pass.input_gradient.target = slice(input_gradient_.view());
    if (layer_.batch_norm) {
      pass.input_gradient.value = input();
      pass.input_gradient.norms[0] = {.raw = input().raw,
                                      .mean = channels_.data(),
                                      .inverse_deviation = channels_.data(),
                                      .gamma_gradient = sums_.data(),
                                      .beta_gradient = sums_.data() + layer_.input.channels};
    }
    Kernel::backward(shape_, pass);
  }

  /// Multiplications and additions of forward; each of the two gradients takes as many.
  [[nodiscard]] double operations() const {
    return 2.0 * static_cast<double>(layer_.batch * shape_.geometry.output.pixels() * shape_.weight_size());
  }
  [[nodiscard]] double backward_operations() const { return (layer_.no_gradient ? 1 : 2) * operations(); }

 private:
  template <class View>
  [[nodiscard]] View slice(View view) const {
    return view.channels(0, layer_.input.channels);
  }
  [[nodiscard]] kernels::Expression<float> input() const {
    kernels::Expression<float> expression{.raw = slice(input_.view())};
    if (!layer_.batch_norm) return expression;
    expression.scale = channels_.data();
    expression.shift = channels_.data();
    expression.activation.slope = 0;
    return expression;
  }
  [[nodiscard]] Shape wide() const {
    return {layer_.input.height, layer_.input.width, std::max(layer_.stride, layer_.input.channels)};
  }

  Layer layer_;
  Team team_;
  kernels::ConvolutionShape shape_{
      {layer_.window,
       layer_.input,
       {layer_.window.positions(layer_.input.height), layer_.window.positions(layer_.input.width), layer_.outputs}}};
  Buffer<float> scratch_;
  Buffer<float> weights_ = random_values(shape_.weight_size(), 0);
  Buffer<float> prepared_{Kernel::prepared_size(shape_)};
  Buffer<float> channels_ = random_values(layer_.input.channels, 3);
  Buffer<float> sums_{2 * layer_.input.channels};
  Buffer<float> weight_gradient_{shape_.weight_size()};
  Tensor<float> input_ = random_tensor(layer_.batch, wide(), 1);
  Tensor<float> input_gradient_{layer_.batch, wide()};
  Tensor<float> output_{layer_.batch, shape_.geometry.output};
  Tensor<float> output_gradient_ = random_tensor(layer_.batch, shape_.geometry.output, 2);
};

void matrix_convolution_forward(benchmark::State& state) {
  LayerCase layer(state);
  for (auto _ : state) layer.forward(false);
  count_operations(state, layer.operations());
}

void matrix_convolution_frozen(benchmark::State& state) {
  LayerCase layer(state);
  for (auto _ : state) layer.forward(true);
  count_operations(state, layer.operations());
}

void matrix_convolution_backward(benchmark::State& state) {
  LayerCase layer(state);
  for (auto _ : state) layer.backward();
  count_operations(state, layer.backward_operations());
}

void with_layer_and_threads(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"layer", "threads"})
      ->ArgsProduct({benchmark::CreateDenseRange(0, std::ssize(kLayers) - 1, 1), {1, 2}})
      ->UseRealTime();
}

BENCHMARK(matrix_convolution_forward)->Apply(with_layer_and_threads);
BENCHMARK(matrix_convolution_frozen)->Apply(with_layer_and_threads);
BENCHMARK(matrix_convolution_backward)->Apply(with_layer_and_threads);

}  // namespace
}  // namespace lamina::bench
