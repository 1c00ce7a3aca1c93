#include <lamina/kernels/winograd_convolution.hpp>

#include "convolution_pass_case.hpp"

using namespace lamina;
using test::ConvolutionCase;

namespace {

/// Winograd's transforms mix the values of a tile, so the error of each is relative to the largest sum of magnitudes.
/// F(4x4, 3x3) loses about a decimal digit against plain sums (Lavin and Gray 2016).
constexpr double kMixing = 40;

constexpr kernels::Window kSame{.kernel = 3, .padding = 1};

template <class T, Index Inputs, Index Outputs>
void check(ConvolutionCase c) {
  c.input.channels = Inputs;
  c.outputs = Outputs;
  test::check_convolution<kernels::WinogradFor<T, Inputs, Outputs>, T>(c, kMixing);
}

/// A case with everything around the convolution that training brings.
ConvolutionCase training(ConvolutionCase c) {
  c.window = kSame;
  c.scaled = true;
  c.slope = 0.1;
  c.moments = true;
  c.gradient_scaled = true;
  c.gradient_raw = true;
  c.through_activation = true;
  c.norms = 1;
  return c;
}

}  // namespace

static_assert(kernels::ConvolutionKernel<kernels::WinogradFor<float, 32, 32>, float>);
static_assert(kernels::ConvolutionKernel<kernels::WinogradFor<double, 48, 12>, double>);
static_assert(kernels::ConvolutionKernel<kernels::WinogradFor<float, 64, 128>, float>);

static_assert(kernels::winograd::pays({{kSame, {4, 4, 32}, {4, 4, 32}}}));
static_assert(kernels::winograd::pays({{kSame, {7, 7, 32}, {7, 7, 32}}}));
static_assert(!kernels::winograd::pays({{kSame, {2, 2, 32}, {2, 2, 32}}}));
static_assert(!kernels::winograd::pays({{{.kernel = 3, .stride = 2, .padding = 1}, {8, 8, 32}, {4, 4, 32}}}));

TEMPLATE_TEST_CASE("winograd convolution: every size of image is the definition's", "", float, double) {
  for (const Index height : {1, 2, 3, 4, 5, 7, 8, 10, 13}) {
    for (const Index width : {1, 3, 4, 6, 9}) {
      for (const Index padding : {0, 1, 2}) {
        check<TestType, 8, 8>({.window = {.kernel = 3, .padding = padding}, .input = {height, width}, .batch = 3});
      }
    }
  }
}

TEMPLATE_TEST_CASE("winograd convolution: every number of channels is the definition's", "", float, double) {
  const ConvolutionCase plain{.window = kSame, .input = {6, 5}, .batch = 3};
  for (const auto& c : {plain, training(plain)}) {
    check<TestType, 4, 4>(c);
    check<TestType, 4, 8>(c);
    check<TestType, 12, 4>(c);
    check<TestType, 48, 12>(c);
    check<TestType, 16, 32>(c);
    check<TestType, 24, 40>(c);
    check<TestType, 32, 16>(c);
    check<TestType, 20, 28>(c);
    check<TestType, 64, 48>(c);
    check<TestType, 6, 10>(c);
    check<TestType, 3, 5>(c);
  }
}

TEMPLATE_TEST_CASE("winograd convolution: wide layers are the definition's", "", float, double) {
  check<TestType, 64, 68>(training({.input = {9, 6}, .batch = 4}));
  check<TestType, 140, 32>(training({.input = {4, 5}, .batch = 3}));
  check<TestType, 32, 140>({.window = kSame, .input = {4, 4}, .batch = 2, .scaled = true, .epilogue = true});
}

TEMPLATE_TEST_CASE("winograd convolution: batches of wide layers in several blocks", "", float, double) {
  const Index batch = GENERATE(127, 129, 300);
  check<TestType, 72, 60>(training({.input = {1, 1}, .batch = batch}));
  check<TestType, 72, 60>(training({.input = {5, 3}, .batch = batch / 3}));
}

TEMPLATE_TEST_CASE("winograd convolution: batches smaller and larger than the number of parts", "", float, double) {
  const Index batch = GENERATE(1, 2, 31, 32, 33, 70);
  check<TestType, 8, 16>(training({.input = {4, 4}, .batch = batch}));
  check<TestType, 16, 8>(training({.input = {9, 8}, .batch = batch}));
}

TEMPLATE_TEST_CASE("winograd convolution: slices, expressions and epilogues are the definition's", "", float, double) {
  using Added = ConvolutionCase::Added;
  const auto check_both = [](const ConvolutionCase& c) {
    check<TestType, 20, 12>(c);
    check<TestType, 16, 32>(c);
    check<TestType, 72, 60>(c);
  };
  const Index gap = GENERATE(0, 7);
  ConvolutionCase c{.window = kSame, .input = {6, 5}, .batch = 3, .gap = gap};
  check_both(c);
  SECTION("scale and shift") {
    c.scaled = true;
    check_both(c);
    c.slope = 0;
    c.through_activation = true;
    check_both(c);
    c.norms = 1;
    check_both(c);
  }
  SECTION("two summands") {
    c.scaled = c.addend = c.through_activation = true;
    c.slope = 0.01;
    check_both(c);
    c.addend_scaled = true;
    c.norms = 2;
    check_both(c);
  }
  SECTION("an activation that is no rectifier") {
    c.scaled = c.addend = c.softsign = c.through_activation = true;
    c.norms = 1;
    c.added = Added::apart;
    check_both(c);
  }
  SECTION("a kept input") {
    c.kept = true;
    check_both(c);
    c.addend = true;
    c.moments = true;
    check_both(c);
  }
  SECTION("an epilogue") {
    c.epilogue = true;
    c.bias = false;
    c.prepared = true;
    check_both(c);
    c.bias = true;
    c.moments = true;
    check_both(c);
    c.epilogue_softsign = true;
    check_both(c);
  }
  SECTION("no input gradient") {
    c.wanted = false;
    c.gradient_raw = true;
    check_both(c);
  }
  SECTION("gradients of other readers") {
    c.added = Added::apart;
    check_both(c);
    c.added = Added::target;
    check_both(c);
    c.target_scaled = true;
    check_both(c);
  }
  SECTION("a gradient that adds to the target") {
    c.accumulate = true;
    check_both(c);
    c = training(c);
    c.target_scaled = true;
    check_both(c);
  }
}

TEST_CASE("winograd convolution: an inference batch smaller than the team") {
  for (const Index batch : {1, 2}) {
    for (const Index side : {1, 2, 5, 9}) {
      ConvolutionCase c{.window = kSame,
                        .input = {side, side},
                        .batch = batch,
                        .prepared = true,
                        .scaled = true,
                        .slope = 0,
                        .epilogue = true};
      check<float, 12, 72>(c);
      check<float, 60, 72>(c);
      c.kept = true;
      check<float, 12, 72>(c);
      check<float, 60, 72>(c);
    }
  }
}

TEMPLATE_TEST_CASE("winograd convolution: few pixels of wide layers", "", float, double) {
  for (const Index batch : {1, 2, 9}) {
    for (const Index side : {1, 2, 3, 4, 5}) {
      ConvolutionCase c{.window = kSame, .input = {side, side}, .batch = batch, .gap = side, .prepared = true};
      check<TestType, 60, 80>(c);
      c.epilogue_rectifies = true;
      check<TestType, 72, 128>(c);
      c.bias = false;
      check<TestType, 128, 48>(c);
      c.scaled = c.epilogue = true;
      check<TestType, 72, 80>(c);
      c.window.padding = 2;
      check<TestType, 72, 80>(c);
    }
  }
}

TEMPLATE_TEST_CASE_SIG("winograd convolution: the scratch memory of a batch is enough for every smaller one", "",
                       ((Index Channels), Channels), 32, 128, 512) {
  using Kernel = kernels::WinogradFor<float, Channels, Channels>;
  for (const Index side : {1, 2, 4, 8, 11, 16, 32}) {
    const auto shape = ConvolutionCase{.window = kSame, .input = {side, side, Channels}, .outputs = Channels}.shape();
    for (Index batch = 2; batch <= 200; ++batch) {
      REQUIRE(Kernel::backward_scratch(shape, batch, 2) >= Kernel::backward_scratch(shape, batch - 1, 2));
      REQUIRE(Kernel::forward_scratch(shape, batch, 2) >= Kernel::forward_scratch(shape, batch - 1, 2));
    }
  }
}
