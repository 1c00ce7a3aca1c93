#include <lamina/kernels/matrix_convolution.hpp>

#include "convolution_pass_case.hpp"

using namespace lamina;
using kernels::MatrixConvolution;
using test::check_convolution;
using test::ConvolutionCase;

namespace {

template <class T>
void check(const ConvolutionCase& c) {
  check_convolution<MatrixConvolution<T>, T>(c);
}

/// A case with everything around the convolution that training brings.
ConvolutionCase training(ConvolutionCase c) {
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

TEMPLATE_TEST_CASE("matrix convolution: every window is the definition's", "", float, double) {
  for (Index kernel = 1; kernel <= 5; ++kernel) {
    for (Index stride = 1; stride <= 3; ++stride) {
      for (Index padding = 0; padding <= kernel; ++padding) {
        for (Index dilation = 1; dilation <= (kernel == 1 ? 1 : 2); ++dilation) {
          check<TestType>(
              {.window = {kernel, stride, padding, dilation}, .input = {7, 6, 3}, .outputs = 5, .batch = 2});
        }
      }
    }
  }
}

TEMPLATE_TEST_CASE("matrix convolution: every number of channels is the definition's", "", float, double) {
  for (const Index inputs : {1, 2, 3, 7, 16, 33}) {
    for (const Index outputs : {1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 17, 21, 24, 25, 31, 32, 33, 48, 52, 100}) {
      check<TestType>({.window = {.kernel = 3, .padding = 1}, .input = {4, 5, inputs}, .outputs = outputs, .batch = 2});
      check<TestType>(training({.input = {3, 5, inputs}, .outputs = outputs, .batch = 3}));
    }
  }
}

TEMPLATE_TEST_CASE("matrix convolution: groups are the definition's", "", float, double) {
  for (const Index groups : {2, 3, 6}) {
    for (const Index stride : {1, 2}) {
      const ConvolutionCase plain{.window = {.kernel = 3, .stride = stride, .padding = 1},
                                  .input = {6, 5, 12},
                                  .outputs = 18,
                                  .groups = groups,
                                  .batch = 3};
      check<TestType>(plain);
      check<TestType>(training(plain));
      check<TestType>(training({.input = {6, 5, 12}, .outputs = 18, .groups = groups, .batch = 3}));
    }
  }
}

TEMPLATE_TEST_CASE("matrix convolution: a depth of several blocks is the definition's", "", float, double) {
  check<TestType>(training({.window = {.kernel = 3, .padding = 1}, .input = {3, 3, 70}, .outputs = 9, .batch = 3}));
  check<TestType>(training({.input = {1, 1, 784}, .outputs = 40, .batch = 5}));
  check<TestType>({.input = {1, 1, 1024}, .outputs = 10, .batch = 30});
  check<TestType>(training({.window = {.kernel = 3, .stride = 2}, .input = {7, 7, 300}, .outputs = 3, .batch = 1}));
  check<TestType>(training({.input = {1, 1, 10}, .outputs = 600, .batch = 17}));
}

TEMPLATE_TEST_CASE("matrix convolution: batches smaller and larger than the number of parts", "", float, double) {
  const Index batch = GENERATE(1, 2, 3, 33, 70, 150, 300);
  check<TestType>({.input = {1, 1, 13}, .outputs = 7, .batch = batch});
  check<TestType>(training({.input = {1, 1, 64}, .outputs = 70, .batch = batch}));
  check<TestType>(training({.window = {.kernel = 3, .padding = 1}, .input = {2, 2, 6}, .outputs = 5, .batch = batch}));
  check<TestType>(
      training({.window = {.kernel = 3, .stride = 2, .padding = 1}, .input = {4, 5, 3}, .outputs = 5, .batch = batch}));
}

TEMPLATE_TEST_CASE("matrix convolution: images larger than a block of rows", "", float, double) {
  check<TestType>(training({.window = {.kernel = 5, .padding = 2}, .input = {28, 28, 1}, .outputs = 6, .batch = 2}));
  check<TestType>(training({.window = {.kernel = 3, .padding = 1}, .input = {32, 32, 3}, .outputs = 8, .batch = 2}));
  check<TestType>(training({.window = {.stride = 2}, .input = {32, 31, 8}, .outputs = 16, .batch = 2}));
  check<TestType>(training({.input = {17, 19, 24}, .outputs = 12, .batch = 3}));
}

TEMPLATE_TEST_CASE("matrix convolution: slices, expressions and epilogues are the definition's", "", float, double) {
  using Added = ConvolutionCase::Added;
  const kernels::Window window = GENERATE(kernels::Window{}, kernels::Window{.kernel = 3, .padding = 1},
                                          kernels::Window{.kernel = 3, .stride = 2, .padding = 1},
                                          kernels::Window{.stride = 2}, kernels::Window{.kernel = 2});
  const Index gap = GENERATE(0, 7);
  ConvolutionCase c{.window = window, .input = {8, 9, 20}, .outputs = 12, .batch = 5, .gap = gap};
  check<TestType>(c);
  SECTION("scale and shift") {
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
  SECTION("a kept input") {
    c.kept = true;
    check<TestType>(c);
    c.addend = true;
    c.moments = true;
    check<TestType>(c);
  }
  SECTION("an epilogue that rectifies") {
    c.epilogue_rectifies = true;
    check<TestType>(c);
    c.moments = true;
    check<TestType>(c);
  }
  SECTION("an epilogue") {
    c.epilogue = true;
    c.bias = false;
    c.prepared = true;
    check<TestType>(c);
    c.bias = true;
    c.moments = true;
    c.epilogue_softsign = true;
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

TEMPLATE_TEST_CASE("matrix convolution: many channels of small images are the definition's", "", float, double) {
  for (const Index groups : {1, 2}) {
    for (const Index side : {1, 2, 3}) {
      for (const Index stride : {1, 2}) {
        ConvolutionCase c{.window = {.kernel = 3, .stride = stride, .padding = 1},
                          .input = {side, side, 130 * groups},
                          .outputs = 6 * groups,
                          .groups = groups,
                          .batch = 50,
                          .gap = side};
        check<TestType>(c);
        c = training(c);
        check<TestType>(c);
        c.kept = true;
        c.epilogue = true;
        check<TestType>(c);
      }
    }
  }
  check<TestType>(
      {.window = {.kernel = 3, .stride = 4, .padding = 1}, .input = {3, 2, 130}, .outputs = 5, .batch = 50});
  check<TestType>({.window = {.kernel = 3, .padding = 1}, .input = {2, 2, 260}, .outputs = 140, .batch = 151});
}

TEMPLATE_TEST_CASE("panels: padded columns are cut as the columns are", "", float, double) {
  using Panels = kernels::Panels<TestType>;
  for (Index columns = 1; columns <= 200; ++columns) {
    const Index padded = Panels::padded(columns);
    REQUIRE(Panels::padded(padded) == padded);
    for (Index first = 0; first < columns; first += Panels::width(columns - first)) {
      REQUIRE(Panels::width(columns - first) == Panels::width(padded - first));
    }
  }
}

TEST_CASE("matrix convolution: an inference batch smaller than the team") {
  for (const Index batch : {1, 2}) {
    for (const Index side : {1, 2, 5, 16, 23}) {
      ConvolutionCase c{.window = {.kernel = 3, .padding = 1},
                        .input = {side, side, 10},
                        .outputs = 70,
                        .batch = batch,
                        .prepared = true,
                        .scaled = true,
                        .slope = 0,
                        .epilogue = true};
      check<float>(c);
      c.kept = true;
      check<float>(c);
    }
  }
}

TEST_CASE("matrix convolution: the scratch memory of a batch is enough for every smaller one") {
  using Kernel = MatrixConvolution<float>;
  for (const Index side : {1, 2, 4, 8, 11, 16, 32}) {
    for (const Index channels : {3, 32, 512}) {
      for (const Index stride : {1, 2}) {
        const auto shape = ConvolutionCase{.window = {.kernel = 3, .stride = stride, .padding = 1},
                                           .input = {side, side, channels},
                                           .outputs = channels + 10}
                               .shape();
        for (Index batch = 2; batch <= 200; ++batch) {
          REQUIRE(Kernel::backward_scratch(shape, batch, 2) >= Kernel::backward_scratch(shape, batch - 1, 2));
          REQUIRE(Kernel::forward_scratch(shape, batch, 2) >= Kernel::forward_scratch(shape, batch - 1, 2));
        }
      }
    }
  }
}
