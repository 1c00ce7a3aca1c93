#include <lamina/kernels/global_pooling_pass.hpp>
#include <lamina/kernels/pooling_pass.hpp>
#include <lamina/kernels/sliding_pooling_pass.hpp>

#include "../catch.hpp"
#include "naive_expression.hpp"

using namespace lamina;
using kernels::AveragePooling;
using kernels::GlobalAveragePooling;
using kernels::MaxPooling;
using kernels::PoolingBackward;
using kernels::PoolingForward;
using kernels::SlidingAveragePooling;
using kernels::SlidingMaxPooling;
using kernels::WindowGeometry;
using test::Agreement;
using test::Kind;
using test::RandomEpilogue;
using test::RandomExpression;
using test::RandomGradientExpression;
using test::Slice;
using test::value_at;

namespace {

enum class Method { average, max, global };

/// A pooling of a batch, and how it is called.
struct Case {
  Method method;
  Index window;  ///< of global pooling the image's side
  Index height;  ///< of the output
  Index width;
  Index channels;
  Index batch = 3;
  Kind input = Kind::plain;
  bool kept = false;
  bool moments = false;
  int threads = 2;
  Index stride = 0;  ///< 0 for windows side by side
  Index padding = 0;
  Index rest = 0;  ///< rows and columns of the input that no window reads

  [[nodiscard]] WindowGeometry geometry() const {
    if (stride == 0) {
      return {
          {.kernel = window, .stride = window}, {height * window, width * window, channels}, {height, width, channels}};
    }
    const auto side = [&](Index positions) { return (positions - 1) * stride + window - 2 * padding + rest; };
    return {{.kernel = window, .stride = stride, .padding = padding},
            {side(height), side(width), channels},
            {height, width, channels}};
  }
};

/// Calls call.template operator()<Pooling>() for the kernel of a case.
template <class T, class Call>
auto with_kernel(const Case& of, const Call& call) {
  if (of.method == Method::global) return call.template operator()<GlobalAveragePooling<T>>();
  if (of.stride == 0) {
    return of.method == Method::max ? call.template operator()<MaxPooling<T>>()
                                    : call.template operator()<AveragePooling<T>>();
  }
  return of.method == Method::max ? call.template operator()<SlidingMaxPooling<T>>()
                                  : call.template operator()<SlidingAveragePooling<T>>();
}

template <class T>
void run_forward(const Case& of, const PoolingForward<T>& pass) {
  with_kernel<T>(of, [&]<class Pooling>() { Pooling::forward(of.geometry(), pass); });
}

template <class T>
void run_backward(const Case& of, const PoolingBackward<T>& pass) {
  with_kernel<T>(of, [&]<class Pooling>() { Pooling::backward(of.geometry(), pass); });
}

/// Scratch memory of the wanted size, full of NaN, and one value behind it that must stay.
template <class T>
Buffer<T> scratch_for(const Case& of, bool forward) {
  const WindowGeometry geometry = of.geometry();
  const Index needed = with_kernel<T>(of, [&]<class Pooling>() {
    return forward ? Pooling::forward_scratch(geometry, of.batch, of.threads)
                   : Pooling::backward_scratch(geometry, of.batch, of.threads);
  });
  Buffer<T> scratch(needed + 1);
  scratch.fill(std::numeric_limits<T>::quiet_NaN());
  return scratch;
}

/// Calls visit(output pixel, input pixels of its window that lie on the image, in order).
template <class Visit>
void for_each_window(const Case& of, const Visit& visit) {
  const auto& [window, input, output] = of.geometry();
  for (Index n = 0; n < of.batch; ++n)
    for (Index y = 0; y < output.height; ++y)
      for (Index x = 0; x < output.width; ++x) {
        std::vector<Index> pixels;
        for (Index i = 0; i < window.kernel; ++i)
          for (Index j = 0; j < window.kernel; ++j) {
            const Index row = y * window.stride - window.padding + i;
            const Index column = x * window.stride - window.padding + j;
            if (row < 0 || row >= input.height || column < 0 || column >= input.width) continue;
            pixels.push_back((n * input.height + row) * input.width + column);
          }
        visit((n * output.height + y) * output.width + x, pixels);
      }
}

/// What the mean of a window is divided by: padding counts.
double divisor(const Case& of) { return static_cast<double>(of.window * of.window); }

/// Which pixel of a window holds its maximum first.
template <class T>
Index maximum_of(const kernels::Expression<T>& input, const std::vector<Index>& pixels, Index c) {
  Index most = pixels[0];
  for (const Index pixel : pixels) {
    if (value_at(input, pixel, c) > value_at(input, most, c)) most = pixel;
  }
  return most;
}

template <class T>
struct Forward {
  RandomExpression<T> input;
  Slice<T> output;
  Slice<T> output_before;
  Slice<T> kept;
  std::vector<T> mean;
  std::vector<T> variance;

  explicit Forward(const Case& of)
      : input(of.batch, of.geometry().input, of.input, 1),
        output(of.batch, of.geometry().output, 23, 1, 2),
        output_before(output),
        kept(of.batch, of.geometry().input, 24, 2, 1),
        mean(static_cast<std::size_t>(of.channels)),
        variance(mean) {
    const Team team(of.threads);
    Buffer<T> scratch = scratch_for<T>(of, true);
    run_forward<T>(of, {.team = team,
                        .scratch = scratch.data(),
                        .input = input.expression(),
                        .kept_input = of.kept ? kept.view() : TensorView<T>{},
                        .output = output.view(),
                        .mean = of.moments ? mean.data() : nullptr,
                        .variance = of.moments ? variance.data() : nullptr});
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
  const double terms = static_cast<double>(of.window * of.window) + 20;
  Agreement<T> outputs{.terms = terms};
  for_each_window(of, [&](Index to, const std::vector<Index>& pixels) {
    for (Index c = 0; c < of.channels; ++c) {
      double sum = 0;
      for (const Index pixel : pixels) sum += value_at(input, pixel, c);
      outputs.add(value_at(run.output.view(), to, c),
                  of.method == Method::max ? value_at(input, maximum_of(input, pixels, c), c) : sum / divisor(of));
    }
  });
  CHECK(outputs.holds());
  CHECK(run.output.surroundings_equal(run.output_before));
  Agreement<T> kept{.terms = 20};
  for (Index pixel = 0; pixel < input.raw.pixels() && of.kept; ++pixel)
    for (Index c = 0; c < of.channels; ++c) kept.add(value_at(run.kept.view(), pixel, c), value_at(input, pixel, c));
  CHECK(kept.holds());
  if (of.moments) check_moments(of, run);
}

template <class T>
struct Backward {
  RandomExpression<T> input;
  RandomGradientExpression<T> output_gradient;
  RandomEpilogue<T> input_gradient;

  explicit Backward(const Case& of)
      : input(of.batch, of.geometry().input, of.input, 1),
        output_gradient(of.batch, of.geometry().output, 31),
        input_gradient(of.batch, of.geometry().input, input, 41) {
    const Team team(of.threads);
    Buffer<T> scratch = scratch_for<T>(of, false);
    run_backward<T>(of, {.team = team,
                         .scratch = scratch.data(),
                         .input = input.expression(),
                         .output_gradient = output_gradient.expression(of.input == Kind::plain),
                         .input_gradient = input_gradient.epilogue()});
    CHECK(std::isnan(scratch[scratch.size() - 1]));
  }
};

template <class T>
void check_backward(const Case& of) {
  Backward<T> run(of);
  const auto input = run.input.expression();
  const auto gradient = run.output_gradient.expression(of.input == Kind::plain);
  std::vector<double> input_gradient(static_cast<std::size_t>(input.raw.size()));
  for_each_window(of, [&](Index from, const std::vector<Index>& pixels) {
    for (Index c = 0; c < of.channels; ++c) {
      const double g = value_at(gradient, from, c);
      const Index most = maximum_of(input, pixels, c);
      for (const Index pixel : pixels) {
        double& sum = input_gradient[static_cast<std::size_t>(pixel * of.channels + c)];
        if (of.method != Method::max) sum += g / divisor(of);
        if (of.method == Method::max && pixel == most) sum += g;
      }
    }
  });
  check_epilogue(run.input_gradient, input_gradient, 20);
}

template <class Check>
void for_each_case(const Check& check) {
  for (const Method method : {Method::average, Method::max, Method::global})
    for (const Index window : {1, 2, 3, 7})
      for (const Index channels : {1, 3, 16, 23, 70})
        for (const Kind kind : test::kKinds) {
          CAPTURE(static_cast<int>(method), window, channels, static_cast<int>(kind));
          const bool global = method == Method::global;
          Case of{.method = method, .window = window, .height = 3, .width = 5, .channels = channels, .input = kind};
          if (global) of.height = of.width = 1;
          check(of);
        }
}

/// Windows that overlap, that leave pixels out between and behind them, and that reach over the border.
template <class Check>
void for_each_sliding_case(const Check& check) {
  struct Slide {
    Index window;
    Index stride;
    Index padding;
    Index rest;
  };
  for (const Method method : {Method::average, Method::max})
    for (const Slide& slide : {Slide{3, 2, 1, 0}, Slide{3, 2, 1, 1}, Slide{2, 1, 1, 0}, Slide{2, 3, 0, 2},
                               Slide{5, 3, 2, 1}, Slide{1, 2, 0, 1}})
      for (const Index channels : {1, 3, 16, 23, 70})
        for (const Kind kind : test::kKinds) {
          CAPTURE(static_cast<int>(method), slide.window, slide.stride, slide.padding, channels,
                  static_cast<int>(kind));
          check(Case{.method = method,
                     .window = slide.window,
                     .height = 3,
                     .width = 4,
                     .channels = channels,
                     .input = kind,
                     .stride = slide.stride,
                     .padding = slide.padding,
                     .rest = slide.rest});
        }
}

/// All that forward and backward leave behind is the same on one thread and on more.
void check_threads(Case of) {
  of.moments = true;
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
    CHECK(test::values_of(gradients.input_gradient.target.whole) ==
          test::values_of(backward.input_gradient.target.whole));
    for (std::size_t k = 0; k < 2; ++k) {
      const auto& gamma = gradients.input_gradient.gamma_gradient[k];
      CHECK(std::equal(gamma.begin(), gamma.end(), backward.input_gradient.gamma_gradient[k].begin()));
    }
  }
}

/// Maximum and gradient (of an output gradient of 1) of one 2 x 2 window, row by row, in each of 21 channels, so that
/// vectors of each width and single values all see it.
struct OneWindow {
  float maximum;
  std::vector<float> gradient;

  explicit OneWindow(const std::vector<float>& values) {
    constexpr Index channels = 21;
    Tensor<float> x(1, {2, 2, channels});
    for (Index i = 0; i < x.size(); ++i) x[i] = values[static_cast<std::size_t>(i / channels)];
    Tensor<float> y(1, {1, 1, channels});
    Tensor<float> dy(1, {1, 1, channels});
    for (Index c = 0; c < channels; ++c) dy[c] = 1;
    Tensor<float> dx(1, x.shape());
    const WindowGeometry geometry{{.kernel = 2, .stride = 2}, x.shape(), y.shape()};
    const Team team(1);
    Buffer<float> scratch(std::max(MaxPooling<float>::forward_scratch(geometry, 1, 1),
                                   MaxPooling<float>::backward_scratch(geometry, 1, 1)));
    const kernels::Expression<float> input{.raw = x.view()};
    MaxPooling<float>::forward(geometry, {.team = team, .scratch = scratch.data(), .input = input, .output = y.view()});
    MaxPooling<float>::backward(geometry, {.team = team,
                                           .scratch = scratch.data(),
                                           .input = input,
                                           .output_gradient = {.gradient = dy.view()},
                                           .input_gradient = {.target = dx.view()}});
    maximum = y[0];
    gradient = {dx[0], dx[channels], dx[2 * channels], dx[3 * channels]};
    for (Index i = 0; i < dx.size(); ++i) REQUIRE(dx[i] == gradient[static_cast<std::size_t>(i / channels)]);
    for (Index c = 1; c < channels; ++c) REQUIRE((y[c] == maximum || (std::isnan(y[c]) && std::isnan(maximum))));
  }
};

}  // namespace

TEMPLATE_TEST_CASE("pooling: forward is the definition's of any expression", "", float, double) {
  for_each_case([](Case of) {
    check_forward<TestType>(of);
    of.kept = of.moments = true;
    of.batch = 70;
    if (of.window == 2) check_forward<TestType>(of);
  });
}

TEMPLATE_TEST_CASE("pooling: backward is the definition's with any epilogue", "", float, double) {
  for_each_case([](const Case& of) { check_backward<TestType>(of); });
}

TEMPLATE_TEST_CASE("sliding pooling: forward is the definition's of any expression", "", float, double) {
  for_each_sliding_case([](Case of) {
    check_forward<TestType>(of);
    of.kept = of.moments = true;
    of.batch = 35;
    if (of.window == 3) check_forward<TestType>(of);
  });
}

TEMPLATE_TEST_CASE("sliding pooling: backward is the definition's with any epilogue", "", float, double) {
  for_each_sliding_case([](const Case& of) { check_backward<TestType>(of); });
}

TEMPLATE_TEST_CASE("pooling: images of more than a band of rows", "", float, double) {
  for (const Method method : {Method::average, Method::max})
    for (const auto& [height, width] : {std::pair<Index, Index>{16, 16}, {11, 3}, {2, 50}}) {
      const Case of{
          .method = method, .window = 2, .height = height, .width = width, .channels = 9, .input = Kind::added};
      check_forward<TestType>(of);
      check_backward<TestType>(of);
    }
}

TEST_CASE("pooling: the same bits on any number of threads") {
  for (const Method method : {Method::average, Method::max, Method::global}) {
    check_threads(
        {.method = method, .window = 2, .height = 1, .width = 1, .channels = 19, .batch = 40, .input = Kind::added});
  }
  for (const Method method : {Method::average, Method::max}) {
    check_threads({.method = method,
                   .window = 3,
                   .height = 3,
                   .width = 2,
                   .channels = 19,
                   .batch = 40,
                   .input = Kind::added,
                   .stride = 2,
                   .padding = 1});
  }
}

TEST_CASE("pooling: of equal maxima the first gets the gradient") {
  CHECK(OneWindow({1, 5, 5, 5}).gradient == std::vector<float>{0, 1, 0, 0});
  CHECK(OneWindow({0, 0, 0, 0}).gradient == std::vector<float>{1, 0, 0, 0});
  CHECK(OneWindow({-0.0F, 0, -0.0F, 0}).gradient == std::vector<float>{1, 0, 0, 0});
}

TEST_CASE("pooling: maxima below zero and infinite ones") {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(OneWindow({-3, -1, -2, -4}).maximum == -1);
  CHECK(OneWindow({-infinity, -infinity, -7, -infinity}).gradient == std::vector<float>{0, 0, 1, 0});
  CHECK(OneWindow({-infinity, -infinity, -infinity, -infinity}).gradient == std::vector<float>{1, 0, 0, 0});
  CHECK(OneWindow({1, infinity, 2, 3}).maximum == infinity);
}

TEST_CASE("pooling: a NaN is the maximum wherever it stands, and the first of several gets the gradient") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t position = 0; position < 4; ++position)
    for (std::size_t second = position; second < 4; ++second) {
      std::vector<float> values{9, 2, 3, 4};
      values[position] = values[second] = nan;
      std::vector<float> gradient(4);
      gradient[position] = 1;
      CHECK(std::isnan(OneWindow(values).maximum));
      CHECK(OneWindow(values).gradient == gradient);
    }
}
