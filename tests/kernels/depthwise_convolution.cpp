#include <lamina/kernels/depthwise_convolution.hpp>

#include "convolution_pass_case.hpp"

using namespace lamina;
using kernels::DepthwiseConvolution;
using kernels::Window;
using test::ConvolutionCase;

static_assert(kernels::ConvolutionKernel<DepthwiseConvolution<float>, float>);
static_assert(kernels::ConvolutionKernel<DepthwiseConvolution<double>, double>);

namespace {

ConvolutionCase depthwise(const Window& window, const Shape& input, Index batch) {
  return {.window = window, .input = input, .outputs = input.channels, .groups = input.channels, .batch = batch};
}

/// A case with everything around the convolution that training brings.
ConvolutionCase training(ConvolutionCase c) {
  c.scaled = c.moments = c.gradient_scaled = c.gradient_raw = c.through_activation = true;
  c.slope = 0.1;
  c.norms = 1;
  return c;
}

template <class T>
void check(const ConvolutionCase& c) {
  test::check_convolution<DepthwiseConvolution<T>, T>(c);
}

}  // namespace

TEMPLATE_TEST_CASE("depthwise: every window is the definition's", "", float, double) {
  for (Index kernel = 1; kernel <= 5; ++kernel)
    for (Index stride = 1; stride <= 4; ++stride)
      for (Index padding = 0; padding <= kernel; ++padding)
        for (Index dilation = 1; dilation <= (kernel == 1 ? 1 : 3); ++dilation)
          for (const Shape& input : {Shape{7, 6, 3}, Shape{11, 10, 5}}) {
            check<TestType>(depthwise({kernel, stride, padding, dilation}, input, 2));
          }
}

TEMPLATE_TEST_CASE("depthwise: every number of channels is the definition's", "", float, double) {
  for (Index channels = 1; channels <= 70; ++channels)
    for (const Window& window : {Window{3, 1, 1}, Window{3, 2, 1}, Window{5, 1, 2}}) {
      check<TestType>(training(depthwise(window, {6, 7, channels}, 2)));
    }
}

TEMPLATE_TEST_CASE("depthwise: every width and height is the definition's", "", float, double) {
  for (Index side = 1; side <= 19; ++side)
    for (const Window& window : {Window{3, 1, 1}, Window{3, 2, 1}, Window{3, 1, 2, 2}, Window{7, 2, 3}}) {
      check<TestType>(training(depthwise(window, {side, 8, 5}, 2)));
      check<TestType>(training(depthwise(window, {5, side, 17}, 2)));
    }
  check<TestType>(training(depthwise({3, 1, 1}, {35, 3, 6}, 2)));
  check<TestType>(training(depthwise({3, 2, 1}, {3, 70, 6}, 2)));
}

TEMPLATE_TEST_CASE("depthwise: batches smaller and larger than the number of parts", "", float, double) {
  for (const Index batch : {1, 2, 3, 33, 70}) {
    check<TestType>(depthwise({3, 1, 1}, {5, 4, 9}, batch));
    check<TestType>(training(depthwise({3, 2, 1}, {5, 4, 9}, batch)));
  }
}

TEMPLATE_TEST_CASE("depthwise: slices, expressions and epilogues are the definition's", "", float, double) {
  using Added = ConvolutionCase::Added;
  const Window window = GENERATE(Window{3, 1, 1}, Window{3, 2, 1}, Window{1, 3, 0}, Window{5, 3, 2});
  ConvolutionCase c = depthwise(window, {8, 9, 23}, 5);
  c.gap = GENERATE(0, 7);
  check<TestType>(c);
  SECTION("scale, shift and a rectifier") {
    c.scaled = true;
    check<TestType>(c);
    c.slope = 0;
    c.through_activation = true;
    check<TestType>(c);
    c.norms = 1;
    check<TestType>(c);
  }
  SECTION("two summands") {
    c.scaled = c.addend = c.through_activation = true;
    c.slope = 0.01;
    check<TestType>(c);
    c.addend_scaled = true;
    c.norms = 2;
    check<TestType>(c);
  }
  SECTION("an activation that is no rectifier") {
    c.scaled = c.addend = c.softsign = c.through_activation = true;
    c.norms = 1;
    c.added = Added::apart;
    check<TestType>(c);
  }
  SECTION("a kept input, also of rows that no window reads") {
    c.kept = true;
    check<TestType>(c);
    c.addend = c.moments = true;
    check<TestType>(c);
  }
  SECTION("an epilogue") {
    c.epilogue = c.prepared = true;
    c.bias = false;
    check<TestType>(c);
    c.bias = c.moments = c.epilogue_softsign = true;
    check<TestType>(c);
  }
  SECTION("no input gradient") {
    c.wanted = false;
    c.gradient_raw = true;
    check<TestType>(c);
  }
  SECTION("gradients of other readers") {
    c.added = Added::apart;
    check<TestType>(c);
    c.added = Added::target;
    check<TestType>(c);
    c.target_scaled = true;
    check<TestType>(c);
  }
  SECTION("a gradient that adds to the target") {
    c.accumulate = true;
    check<TestType>(c);
    c = training(c);
    c.target_scaled = true;
    check<TestType>(c);
  }
}

TEST_CASE("depthwise: an inference batch that the threads share within its images") {
  for (const Index batch : {1, 2, 5, 7})
    for (const Index side : {1, 2, 5, 16, 23})
      for (const Index stride : {1, 2}) {
        ConvolutionCase c = depthwise({3, stride, 1}, {side, side, 19}, batch);
        c.prepared = c.scaled = c.epilogue = true;
        c.slope = 0;
        check<float>(c);
      }
}
