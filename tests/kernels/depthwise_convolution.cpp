#include <lamina/kernels/depthwise_convolution.hpp>

#include "../catch.hpp"
#include "naive_expression.hpp"

using namespace lamina;
using kernels::ConvolutionShape;
using kernels::DepthwiseConvolution;
using kernels::Window;
using test::activated;
using test::Agreement;
using test::factor_at;
using test::Kind;
using test::random_buffer;
using test::RandomEpilogue;
using test::RandomExpression;
using test::RandomGradientExpression;
using test::Slice;
using test::value_at;

static_assert(kernels::ConvolutionKernel<DepthwiseConvolution<float>, float>);
static_assert(kernels::ConvolutionKernel<DepthwiseConvolution<double>, double>);

namespace {

/// A depthwise convolution of a batch, and how it is called.
struct Case {
  Window window;
  Index height;
  Index width;
  Index channels;
  Index batch = 2;
  Kind input = Kind::plain;
  Kind epilogue = Kind::plain;
  bool bias = true;
  bool prepared = false;
  bool kept = false;
  bool moments = false;
  int threads = 2;

  [[nodiscard]] ConvolutionShape shape() const {
    const Shape input_shape{height, width, channels};
    return {{window, input_shape, {window.positions(height), window.positions(width), channels}}, channels};
  }
};

/// Calls visit(input pixel, output pixel, tap) for each pair that the window connects.
template <class Visit>
void for_each_tap(const Case& of, const Visit& visit) {
  const auto& [window, input, output] = of.shape().geometry;
  for (Index n = 0; n < of.batch; ++n)
    for (Index y = 0; y < output.height; ++y)
      for (Index x = 0; x < output.width; ++x)
        for (Index i = 0; i < window.kernel; ++i)
          for (Index j = 0; j < window.kernel; ++j) {
            const Index u = y * window.stride - window.padding + i * window.dilation;
            const Index v = x * window.stride - window.padding + j * window.dilation;
            if (u < 0 || u >= input.height || v < 0 || v >= input.width) continue;
            visit((n * input.height + u) * input.width + v, (n * output.height + y) * output.width + x,
                  i * window.kernel + j);
          }
}

template <class T>
struct Forward {
  RandomExpression<T> input;
  RandomExpression<T> epilogue;
  Buffer<T> weights;
  Buffer<T> bias;
  Slice<T> output;
  Slice<T> output_before;
  Slice<T> kept;
  std::vector<T> mean;
  std::vector<T> variance;

  explicit Forward(const Case& of)
      : input(of.batch, of.shape().geometry.input, of.input, 1),
        epilogue(of.batch, of.shape().geometry.output, of.epilogue, 11),
        weights(random_buffer<T>(of.shape().weight_size(), 21)),
        bias(random_buffer<T>(of.channels, 22)),
        output(of.batch, of.shape().geometry.output, 23, 1, 2),
        output_before(output),
        kept(of.batch, of.shape().geometry.input, 24, 2, 1),
        mean(static_cast<std::size_t>(of.channels)),
        variance(mean) {
    const ConvolutionShape shape = of.shape();
    const Team team(of.threads);
    Buffer<T> scratch(DepthwiseConvolution<T>::forward_scratch(shape, of.batch, of.threads) + 1);
    Buffer<T> prepared(DepthwiseConvolution<T>::prepared_size(shape));
    scratch.fill(std::numeric_limits<T>::quiet_NaN());
    const T* const used_bias = of.bias ? bias.data() : nullptr;
    if (of.prepared) DepthwiseConvolution<T>::prepare(shape, weights.data(), used_bias, prepared.data());
    kernels::Expression<T> after = epilogue.expression();
    after.raw = {};
    DepthwiseConvolution<T>::forward(shape, {.team = team,
                                             .weights = of.prepared ? nullptr : weights.data(),
                                             .bias = of.prepared ? nullptr : used_bias,
                                             .prepared = of.prepared ? prepared.data() : nullptr,
                                             .scratch = scratch.data(),
                                             .input = input.expression(),
                                             .kept_input = of.kept ? kept.view() : TensorView<T>{},
                                             .output = output.view(),
                                             .mean = of.moments ? mean.data() : nullptr,
                                             .variance = of.moments ? variance.data() : nullptr,
                                             .epilogue = after});
    CHECK(std::isnan(scratch[scratch.size() - 1]));
  }
};

template <class T>
void check_moments(const Case& of, const Forward<T>& run) {
  const auto output = run.output.view();
  const auto pixels = static_cast<double>(output.pixels());
  Agreement<T> moments{.terms = pixels + 4};
  for (Index c = 0; c < of.channels; ++c) {
    double mean = 0;
    double variance = 0;
    for (Index i = 0; i < output.pixels(); ++i) mean += value_at(output, i, c) / pixels;
    for (Index i = 0; i < output.pixels(); ++i) variance += std::pow(value_at(output, i, c) - mean, 2) / pixels;
    moments.add(static_cast<double>(run.mean[static_cast<std::size_t>(c)]), mean);
    moments.add(static_cast<double>(run.variance[static_cast<std::size_t>(c)]), variance);
  }
  CHECK(moments.holds());
}

template <class T>
void check_forward(const Case& of) {
  const Forward<T> run(of);
  const auto input = run.input.expression();
  const auto output = run.output.view();
  const Index channels = of.channels;
  std::vector<double> sums(static_cast<std::size_t>(output.size()));
  for_each_tap(of, [&](Index from, Index to, Index tap) {
    for (Index c = 0; c < channels; ++c) {
      sums[static_cast<std::size_t>(to * channels + c)] +=
          value_at(input, from, c) * static_cast<double>(run.weights[tap * channels + c]);
    }
  });
  const double terms = static_cast<double>(of.window.kernel * of.window.kernel) + 20;
  Agreement<T> outputs{.terms = terms};
  auto after = run.epilogue.expression();
  for (Index pixel = 0; pixel < output.pixels(); ++pixel)
    for (Index c = 0; c < channels; ++c) {
      double z =
          sums[static_cast<std::size_t>(pixel * channels + c)] + (of.bias ? static_cast<double>(run.bias[c]) : 0.0);
      z = z * factor_at(after.scale, c, 1) + factor_at(after.shift, c, 0);
      if (!after.addend.empty()) z += value_at(after.addend, pixel, c) * static_cast<double>(after.addend_scale[c]);
      outputs.add(value_at(output, pixel, c), activated(after.activation, z));
    }
  CHECK(outputs.holds());
  CHECK(run.output.surroundings_equal(run.output_before));
  Agreement<T> kept{.terms = 20};
  for (Index pixel = 0; pixel < input.raw.pixels() && of.kept; ++pixel)
    for (Index c = 0; c < channels; ++c) kept.add(value_at(run.kept.view(), pixel, c), value_at(input, pixel, c));
  CHECK(kept.holds());
  if (of.moments) check_moments(of, run);
}

template <class T>
struct Backward {
  RandomExpression<T> input;
  RandomGradientExpression<T> output_gradient;
  RandomEpilogue<T> input_gradient;
  Buffer<T> weights;
  Buffer<T> weight_gradient;
  Buffer<T> bias_gradient;

  explicit Backward(const Case& of, bool input_wanted = true)
      : input(of.batch, of.shape().geometry.input, of.input, 1),
        output_gradient(of.batch, of.shape().geometry.output, 31),
        input_gradient(of.batch, of.shape().geometry.input, input, 41),
        weights(random_buffer<T>(of.shape().weight_size(), 21)),
        weight_gradient(weights.size()),
        bias_gradient(of.channels) {
    const ConvolutionShape shape = of.shape();
    const Team team(of.threads);
    Buffer<T> scratch(DepthwiseConvolution<T>::backward_scratch(shape, of.batch, of.threads) + 1);
    scratch.fill(std::numeric_limits<T>::quiet_NaN());
    DepthwiseConvolution<T>::backward(
        shape, {.team = team,
                .weights = weights.data(),
                .scratch = scratch.data(),
                .input = input.expression(),
                .output_gradient = output_gradient.expression(of.input == Kind::plain),
                .weight_gradient = weight_gradient.data(),
                .bias_gradient = of.bias ? bias_gradient.data() : nullptr,
                .input_gradient = input_wanted ? input_gradient.epilogue() : kernels::GradientEpilogue<T>{}});
    CHECK(std::isnan(scratch[scratch.size() - 1]));
  }
};

template <class T>
void check_backward(const Case& of) {
  Backward<T> run(of);
  const auto input = run.input.expression();
  const auto gradient = run.output_gradient.expression(of.input == Kind::plain);
  const Index channels = of.channels;
  std::vector<double> input_gradient(static_cast<std::size_t>(input.raw.size()));
  std::vector<double> weight_gradient(static_cast<std::size_t>(run.weights.size()));
  for_each_tap(of, [&](Index from, Index to, Index tap) {
    for (Index c = 0; c < channels; ++c) {
      const double g = value_at(gradient, to, c);
      input_gradient[static_cast<std::size_t>(from * channels + c)] +=
          g * static_cast<double>(run.weights[tap * channels + c]);
      weight_gradient[static_cast<std::size_t>(tap * channels + c)] += g * value_at(input, from, c);
    }
  });
  const auto pixels = static_cast<double>(gradient.gradient.pixels());
  Agreement<T> weights{.terms = pixels + 20};
  for (Index i = 0; i < run.weights.size(); ++i) {
    weights.add(static_cast<double>(run.weight_gradient[i]), weight_gradient[static_cast<std::size_t>(i)]);
  }
  CHECK(weights.holds());
  Agreement<T> biases{.terms = pixels + 20};
  for (Index c = 0; c < channels && of.bias; ++c) {
    double sum = 0;
    for (Index i = 0; i < gradient.gradient.pixels(); ++i) sum += value_at(gradient, i, c);
    biases.add(static_cast<double>(run.bias_gradient[c]), sum);
  }
  CHECK(biases.holds());
  check_epilogue(run.input_gradient, input_gradient, static_cast<double>(of.window.kernel * of.window.kernel) + 20);
}

const std::vector<Window> kWindows{{3, 1, 1}, {3, 2, 1},    {3, 1, 0},    {3, 2, 0}, {5, 1, 2}, {5, 2, 2},
                                   {1, 1, 0}, {1, 2, 0},    {2, 1, 0},    {2, 2, 1}, {3, 3, 1}, {3, 1, 2, 2},
                                   {4, 3, 2}, {3, 2, 2, 2}, {3, 2, 3, 3}, {7, 1, 3}, {3, 1, 4}, {3, 4, 0},
                                   {2, 3, 0}, {5, 4, 1, 2}, {3, 3, 4, 2}, {9, 2, 4}};

template <class Check>
void for_each_window(const Check& check) {
  for (const Window& window : kWindows)
    for (const auto& [height, width, channels] :
         {Shape{9, 9, 3}, Shape{10, 13, 17}, Shape{17, 12, 24}, Shape{9, 41, 5}}) {
      CAPTURE(window.kernel, window.stride, window.padding, window.dilation, height, width, channels);
      check(Case{.window = window, .height = height, .width = width, .channels = channels});
    }
}

template <class Check>
void for_each_kind(const Check& check) {
  for (const Window& window : {Window{3, 1, 1}, Window{3, 2, 1}, Window{5, 3, 2}})
    for (const Kind kind : test::kKinds)
      for (const Index channels : {1, 16, 35}) {
        CAPTURE(window.kernel, window.stride, static_cast<int>(kind), channels);
        check(Case{.window = window, .height = 7, .width = 11, .channels = channels, .batch = 3, .input = kind});
      }
}

}  // namespace

TEMPLATE_TEST_CASE("depthwise: forward is the definition's for any window", "", float, double) {
  for_each_window([](const Case& of) { check_forward<TestType>(of); });
}

TEMPLATE_TEST_CASE("depthwise: backward is the definition's for any window", "", float, double) {
  for_each_window([](const Case& of) { check_backward<TestType>(of); });
}

TEMPLATE_TEST_CASE("depthwise: reads any expression, keeps its values and finds the output's moments", "", float,
                   double) {
  for_each_kind([](Case of) {
    check_forward<TestType>(of);
    of.kept = of.moments = true;
    of.bias = false;
    check_forward<TestType>(of);
    of.window = {1, 3, 0};  // of which many rows are kept that no window reads
    check_forward<TestType>(of);
  });
}

TEMPLATE_TEST_CASE("depthwise: applies any epilogue to its output", "", float, double) {
  for_each_kind([](Case of) {
    of.epilogue = of.input;
    of.input = Kind::rectified;
    for (const bool prepared : {false, true}) {
      of.prepared = prepared;
      check_forward<TestType>(of);
      of.bias = false;
    }
  });
}

TEMPLATE_TEST_CASE("depthwise: reads any gradient and applies any epilogue to the input's", "", float, double) {
  for_each_kind([](Case of) {
    check_backward<TestType>(of);
    of.bias = false;
    check_backward<TestType>(of);
  });
}

TEST_CASE("depthwise: weight gradients need no input gradient") {
  const Case of{.window = {3, 2, 1}, .height = 9, .width = 8, .channels = 19, .input = Kind::added};
  const Backward<float> both(of);
  Backward<float> weights(of, false);
  CHECK(std::equal(both.weight_gradient.begin(), both.weight_gradient.end(), weights.weight_gradient.begin()));
  CHECK(test::values_of(weights.input_gradient.target.whole) ==
        test::values_of(weights.input_gradient.target_before.whole));
}

TEST_CASE("depthwise: the same bits on any number of threads") {
  const auto equal = [](const Buffer<float>& a, const Buffer<float>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  };
  for (const Index batch : {1, 2, 5, 40})
    for (const bool moments : {false, true}) {
      Case of{.window = {3, 1, 1}, .height = 9, .width = 10, .channels = 21, .batch = batch, .input = Kind::added};
      of.moments = moments;
      of.threads = 1;
      const Forward<float> forward(of);
      const Backward<float> backward(of);
      for (const int threads : {2, 3}) {
        of.threads = threads;
        const Forward<float> other(of);
        CHECK(test::values_of(other.output.whole) == test::values_of(forward.output.whole));
        CHECK(other.mean == forward.mean);
        CHECK(other.variance == forward.variance);
        const Backward<float> gradients(of);
        CHECK(equal(gradients.weight_gradient, backward.weight_gradient));
        CHECK(equal(gradients.bias_gradient, backward.bias_gradient));
        CHECK(test::values_of(gradients.input_gradient.target.whole) ==
              test::values_of(backward.input_gradient.target.whole));
        for (std::size_t k = 0; k < 2; ++k) {
          CHECK(equal(gradients.input_gradient.gamma_gradient[k], backward.input_gradient.gamma_gradient[k]));
          CHECK(equal(gradients.input_gradient.beta_gradient[k], backward.input_gradient.beta_gradient[k]));
        }
      }
    }
}
