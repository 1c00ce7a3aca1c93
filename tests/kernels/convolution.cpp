#include <algorithm>
#include <vector>

#include <lamina/kernels/convolution.hpp>
#include <lamina/kernels/naive_convolution.hpp>

#include "../catch.hpp"
#include "random_values.hpp"

using namespace lamina;
using kernels::Window;
using kernels::WindowGeometry;
using test::random_buffer;
using test::random_tensor;
using test::Sum;

namespace {

WindowGeometry geometry_of(const Window& window, Shape input, Index outputs) {
  return {window, input, {window.positions(input.height), window.positions(input.width), outputs}};
}

/// Calls visit(sample, input value, weight, output value), as offsets, for each product in a convolution: its
/// definition. Shares nothing with the kernels.
template <class Visit>
void for_each_product(const WindowGeometry& geometry, Index batch, const Visit& visit) {
  const auto& [window, input, output] = geometry;
  for (Index n = 0; n < batch; ++n)
    for (Index y = 0; y < output.height; ++y)
      for (Index x = 0; x < output.width; ++x)
        for (Index i = 0; i < window.kernel; ++i)
          for (Index j = 0; j < window.kernel; ++j) {
            const Index row = y * window.stride - window.padding + i * window.dilation;
            const Index column = x * window.stride - window.padding + j * window.dilation;
            if (row < 0 || row >= input.height || column < 0 || column >= input.width) continue;
            for (Index c = 0; c < input.channels; ++c)
              for (Index k = 0; k < output.channels; ++k)
                visit(n * input.size() + (row * input.width + column) * input.channels + c,
                      ((i * window.kernel + j) * input.channels + c) * output.channels + k,
                      n * output.size() + (y * output.width + x) * output.channels + k);
          }
}

/// What forward and backward should give.
template <class T>
struct Expected {
  std::vector<Sum> output;
  std::vector<Sum> input_gradient;
  std::vector<Sum> weight_gradient;
  std::vector<Sum> bias_gradient;

  Expected(const WindowGeometry& geometry, const Tensor<T>& input, const Buffer<T>& weights, const Buffer<T>& bias,
           const Tensor<T>& output_gradient)
      : output(static_cast<std::size_t>(output_gradient.size())),
        input_gradient(static_cast<std::size_t>(input.size())),
        weight_gradient(static_cast<std::size_t>(weights.size())),
        bias_gradient(static_cast<std::size_t>(bias.size())) {
    for (std::size_t i = 0; i < output.size(); ++i) {
      const std::size_t k = i % bias_gradient.size();
      output[i].add(bias[static_cast<Index>(k)]);
      bias_gradient[k].add(output_gradient[static_cast<Index>(i)]);
    }
    for_each_product(geometry, input.batch(), [&](Index from, Index weight, Index to) {
      output[static_cast<std::size_t>(to)].add(input[from], weights[weight]);
      input_gradient[static_cast<std::size_t>(from)].add(output_gradient[to], weights[weight]);
      weight_gradient[static_cast<std::size_t>(weight)].add(output_gradient[to], input[from]);
    });
  }
};

/// Rounding of plain sums, value by value.
struct PlainRounding {
  template <class T>
  static double tolerance(const std::vector<Sum>& sums, std::size_t i) {
    return sums[i].tolerance<T>();
  }
};

/// Winograd's transforms mix the values of a tile, so the error of each is relative to the largest sum of magnitudes.
/// F(4x4, 3x3) loses about a decimal digit against plain sums (Lavin and Gray 2016); the largest error in these tests
/// is 18 units of rounding, in the weight gradients.
struct WinogradRounding {
  template <class T>
  static double tolerance(const std::vector<Sum>& sums, std::size_t) {
    const auto largest = std::ranges::max_element(sums, {}, &Sum::magnitude);
    return 40 * std::numeric_limits<T>::epsilon() * largest->magnitude;
  }
};

template <class Rounding, class T>
void require_agreement(const char* what, const std::vector<Sum>& expected, const T* values) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = std::abs(values[i] - expected[i].value);
    const double tolerance = Rounding::template tolerance<T>(expected, i);
    CAPTURE(what, i, expected[i].value, values[i], error, tolerance);
    REQUIRE(error <= tolerance);
  }
}

/// Forward and backward of an algorithm on random data against the definition.
template <class Algorithm, class Rounding, class T, Index Inputs, Index Outputs, Index Kernel>
void check_convolution(const WindowGeometry& geometry, Index batch, int threads) {
  using Convolution = kernels::Convolution<Algorithm, T, Inputs, Outputs, Kernel>;
  const auto input = random_tensor<T>(batch, geometry.input, 1);
  const auto weights = random_buffer<T>(Convolution::weight_size, 2);
  const auto bias = random_buffer<T>(Outputs, 3);
  const auto output_gradient = random_tensor<T>(batch, geometry.output, 4);
  const Expected<T> expected(geometry, input, weights, bias, output_gradient);

  const Team team(threads);
  // NaN in all that must be overwritten: a value left out would show.
  const T nan = std::numeric_limits<T>::quiet_NaN();
  Buffer<T> scratch(std::max(Convolution::forward_scratch(geometry, threads),
                             Convolution::backward_scratch(geometry, batch, threads)));
  scratch.fill(nan);
  auto output = random_tensor<T>(batch, geometry.output, 5);
  auto input_gradient = random_tensor<T>(batch, geometry.input, 6);
  auto weight_gradient = random_buffer<T>(weights.size(), 7);
  auto bias_gradient = random_buffer<T>(Outputs, 8);
  Convolution::forward(geometry, {.team = team,
                                  .weights = weights.data(),
                                  .bias = bias.data(),
                                  .scratch = scratch.data(),
                                  .input = {.raw = input.view()},
                                  .output = output.view()});
  scratch.fill(nan);
  Convolution::backward(geometry, {.team = team,
                                   .weights = weights.data(),
                                   .scratch = scratch.data(),
                                   .input = {.raw = input.view()},
                                   .output_gradient = {.gradient = output_gradient.view()},
                                   .weight_gradient = weight_gradient.data(),
                                   .bias_gradient = bias_gradient.data(),
                                   .input_gradient = input_gradient.view()});
  CAPTURE(Inputs, Outputs, geometry.window.kernel, geometry.window.stride, geometry.window.padding,
          geometry.window.dilation, geometry.input.height, geometry.input.width, batch, threads);
  require_agreement<Rounding>("output", expected.output, output.data());
  require_agreement<Rounding>("input gradient", expected.input_gradient, input_gradient.data());
  require_agreement<Rounding>("weight gradient", expected.weight_gradient, weight_gradient.data());
  require_agreement<Rounding>("bias gradient", expected.bias_gradient, bias_gradient.data());
}

template <class T, Index Inputs, Index Outputs, Index Kernel>
void check_im2col(const Window& window, Shape input, Index batch, int threads) {
  input.channels = Inputs;
  const auto geometry = geometry_of(window, input, Outputs);
  if (geometry.output.size() == 0) return;
  using Algorithm = kernels::Im2colConvolution<T, Inputs, Outputs, Kernel>;
  check_convolution<Algorithm, PlainRounding, T, Inputs, Outputs, Kernel>(geometry, batch, threads);
}

template <class T, Index Inputs, Index Outputs, Index Kernel>
void sweep_im2col() {
  for (Index stride = 1; stride <= 3; ++stride) {
    for (Index padding = 0; padding <= Kernel; ++padding) {
      for (Index dilation = 1; dilation <= (Kernel == 1 ? 1 : 3); ++dilation) {
        const Window window{.kernel = Kernel, .stride = stride, .padding = padding, .dilation = dilation};
        check_im2col<T, Inputs, Outputs, Kernel>(window, {.height = 7, .width = 6}, 2, 2);
      }
    }
  }
}

template <class T, Index Inputs, Index Outputs>
void check_winograd(Index padding, Shape input, Index batch, int threads) {
  input.channels = Inputs;
  const auto geometry = geometry_of({.kernel = 3, .padding = padding}, input, Outputs);
  if (geometry.output.size() == 0) return;
  using Algorithm = kernels::WinogradConvolution<T, Inputs, Outputs>;
  check_convolution<Algorithm, WinogradRounding, T, Inputs, Outputs, 3>(geometry, batch, threads);
}

}  // namespace

TEMPLATE_TEST_CASE("im2col convolution: kernel 1 is the definition's", "", float, double) {
  sweep_im2col<TestType, 3, 8, 1>();
  sweep_im2col<TestType, 32, 5, 1>();
}

TEMPLATE_TEST_CASE("im2col convolution: kernel 2 is the definition's", "", float, double) {
  sweep_im2col<TestType, 5, 3, 2>();
  sweep_im2col<TestType, 8, 32, 2>();
}

TEMPLATE_TEST_CASE("im2col convolution: kernel 3 is the definition's", "", float, double) {
  sweep_im2col<TestType, 3, 32, 3>();
  sweep_im2col<TestType, 5, 5, 3>();
  sweep_im2col<TestType, 8, 3, 3>();
}

TEMPLATE_TEST_CASE("im2col convolution: kernel 5 is the definition's", "", float, double) {
  sweep_im2col<TestType, 3, 5, 5>();
  sweep_im2col<TestType, 8, 8, 5>();
}

TEMPLATE_TEST_CASE("im2col convolution: images larger than a tile of pixels", "", float, double) {
  check_im2col<TestType, 3, 8, 3>({.kernel = 3, .padding = 1}, {.height = 17, .width = 13}, 2, 2);
  check_im2col<TestType, 32, 32, 3>({.kernel = 3, .padding = 1}, {.height = 11, .width = 12}, 1, 1);
}

TEMPLATE_TEST_CASE("im2col convolution: batches smaller and larger than the number of parts", "", float, double) {
  const Index batch = GENERATE(1, 3, 32, 33, 70);
  const int threads = GENERATE(1, 2, 3);
  check_im2col<TestType, 3, 5, 3>({.kernel = 3, .stride = 2, .padding = 1}, {.height = 5, .width = 4}, batch, threads);
}

TEMPLATE_TEST_CASE("winograd convolution: every size of image is the definition's", "", float, double) {
  const Index padding = GENERATE(0, 1, 2, 3);
  for (Index height = 1; height <= 9; ++height) {
    check_winograd<TestType, 8, 8>(padding, {.height = height, .width = 10 - height}, 2, 2);
  }
  check_winograd<TestType, 8, 16>(padding, {.height = 12, .width = 13}, 1, 1);
}

TEMPLATE_TEST_CASE("winograd convolution: channels of the networks are the definition's", "", float, double) {
  check_winograd<TestType, 32, 32>(1, {.height = 16, .width = 16}, 2, 2);
  check_winograd<TestType, 24, 40>(1, {.height = 8, .width = 8}, 3, 2);
}

TEMPLATE_TEST_CASE("winograd convolution: batches smaller and larger than the number of parts", "", float, double) {
  const Index batch = GENERATE(1, 3, 33, 70);
  const int threads = GENERATE(1, 3);
  check_winograd<TestType, 8, 8>(1, {.height = 4, .width = 5}, batch, threads);
}

TEST_CASE("convolution: the same bits on any number of threads") {
  using Algorithm = kernels::Im2colConvolution<float, 3, 5, 3>;
  using Convolution = kernels::Convolution<Algorithm, float, 3, 5, 3>;
  const auto geometry = geometry_of({.kernel = 3, .padding = 1}, {9, 7, 3}, 5);
  const auto input = random_tensor<float>(50, geometry.input, 1);
  const auto weights = random_buffer<float>(Convolution::weight_size, 2);
  const auto output_gradient = random_tensor<float>(50, geometry.output, 4);
  const auto gradients = [&](int threads) {
    const Team team(threads);
    Buffer<float> scratch(Convolution::backward_scratch(geometry, 50, threads));
    std::vector<float> result(static_cast<std::size_t>(Convolution::weight_size + 5));
    Convolution::backward(geometry, {.team = team,
                                     .weights = weights.data(),
                                     .scratch = scratch.data(),
                                     .input = {.raw = input.view()},
                                     .output_gradient = {.gradient = output_gradient.view()},
                                     .weight_gradient = result.data(),
                                     .bias_gradient = result.data() + Convolution::weight_size});
    return result;
  };
  const auto alone = gradients(1);
  CHECK(gradients(2) == alone);
  CHECK(gradients(5) == alone);
}

TEST_CASE("convolution: the scratch memory of a batch is enough for every smaller one") {
  using Algorithm = kernels::WinogradConvolution<float, 8, 8>;
  using Convolution = kernels::Convolution<Algorithm, float, 8, 8, 3>;
  const Index side = GENERATE(1, 2, 4, 8, 11, 16, 32);
  const auto geometry = geometry_of({.kernel = 3, .padding = 1}, {side, side, 8}, 8);
  for (Index batch = 2; batch <= 200; ++batch) {
    REQUIRE(Convolution::backward_scratch(geometry, batch, 2) >= Convolution::backward_scratch(geometry, batch - 1, 2));
  }
}

TEST_CASE("convolve_naive: is the definition") {
  const auto geometry = geometry_of({.kernel = 3, .stride = 2, .padding = 2, .dilation = 2}, {7, 6, 3}, 5);
  const auto input = random_tensor<double>(2, geometry.input, 1);
  const auto weights = random_buffer<double>(9 * 3 * 5, 2);
  const auto bias = random_buffer<double>(5, 3);
  Tensor<double> output(2, geometry.output);
  kernels::convolve_naive<double, 3, 5, 3>(geometry, weights.data(), bias.data(), input.view(), output.view());
  const Expected<double> expected(geometry, input, weights, bias, output);
  require_agreement<PlainRounding>("output", expected.output, output.data());
}
