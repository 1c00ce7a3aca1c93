#include <lamina/kernels/channel_scaling.hpp>

#include "../catch.hpp"
#include "naive_expression.hpp"

using namespace lamina;
using kernels::ChannelScaling;
using test::Agreement;
using test::Kind;
using test::RandomEpilogue;
using test::RandomExpression;
using test::RandomGradientExpression;
using test::Slice;
using test::value_at;

namespace {

/// A channel scaling of a batch, and how it is called.
struct Case {
  Shape shape;
  Index batch = 3;
  Kind input = Kind::plain;
  bool kept = false;
  int threads = 2;
};

template <class T>
Buffer<T> scratch_of(Index size) {
  Buffer<T> scratch(size + 1);
  scratch.fill(std::numeric_limits<T>::quiet_NaN());
  return scratch;
}

template <class T>
struct Forward {
  RandomExpression<T> input;
  Slice<T> factors;
  Slice<T> output;
  Slice<T> output_before;
  Slice<T> kept;
  Slice<T> addend;

  explicit Forward(const Case& of, const kernels::Expression<T>& epilogue = {}, bool adds = false)
      : input(of.batch, of.shape, of.input, 1),
        factors(of.batch, {1, 1, of.shape.channels}, 22, 3, 1),
        output(of.batch, of.shape, 23, 1, 2),
        output_before(output),
        kept(of.batch, of.shape, 24, 2, 1),
        addend(of.batch, of.shape, 25, 1, 1) {
    const Team team(of.threads);
    Buffer<T> scratch = scratch_of<T>(ChannelScaling<T>::forward_scratch(of.shape, of.threads));
    kernels::Expression<T> ends = epilogue;
    if (adds) ends.addend = addend.view();
    ChannelScaling<T>::forward({.team = team,
                                .scratch = scratch.data(),
                                .input = input.expression(),
                                .kept_input = of.kept ? kept.view() : TensorView<T>{},
                                .factors = factors.view(),
                                .output = output.view(),
                                .epilogue = ends});
    CHECK(std::isnan(scratch[scratch.size() - 1]));
  }

  [[nodiscard]] double product(Index pixel, Index c) const {
    const auto expression = input.expression();
    return value_at(expression, pixel, c) * value_at(factors.view(), pixel / output.view().shape.pixels(), c);
  }
};

template <class T>
struct Backward {
  RandomExpression<T> input;
  RandomGradientExpression<T> output_gradient;
  RandomEpilogue<T> input_gradient;
  Slice<T> factors;
  Tensor<T> factor_gradient;

  explicit Backward(const Case& of)
      : input(of.batch, of.shape, of.input, 1),
        output_gradient(of.batch, of.shape, 31),
        input_gradient(of.batch, of.shape, input, 41),
        factors(of.batch, {1, 1, of.shape.channels}, 22, 3, 1),
        factor_gradient(of.batch, {1, 1, of.shape.channels}) {
    const Team team(of.threads);
    Buffer<T> scratch = scratch_of<T>(ChannelScaling<T>::backward_scratch(of.shape, of.batch, of.threads));
    ChannelScaling<T>::backward({.team = team,
                                 .scratch = scratch.data(),
                                 .input = input.expression(),
                                 .factors = factors.view(),
                                 .output_gradient = output_gradient.expression(of.input == Kind::plain),
                                 .factor_gradient = factor_gradient.view(),
                                 .input_gradient = input_gradient.epilogue()});
    CHECK(std::isnan(scratch[scratch.size() - 1]));
  }
};

template <class Check>
void for_each_case(const Check& check) {
  for (const Shape& image : {Shape{1, 1, 1}, {5, 7, 1}, {3, 3, 1}})
    for (const Index channels : {1, 3, 16, 23, 70})
      for (const Kind kind : test::kKinds) {
        CAPTURE(image.height, image.width, channels, static_cast<int>(kind));
        check(Case{.shape = {image.height, image.width, channels}, .input = kind});
      }
}

}  // namespace

TEMPLATE_TEST_CASE("channel scaling: forward is the definition's of any expression", "", float, double) {
  for_each_case([](Case of) {
    for (const bool kept : {false, true}) {
      of.kept = kept;
      const Forward<TestType> run(of);
      Agreement<TestType> outputs{.terms = 20};
      Agreement<TestType> inputs{.terms = 20};
      for (Index i = 0; i < run.output.view().pixels(); ++i)
        for (Index c = 0; c < of.shape.channels; ++c) {
          outputs.add(value_at(run.output.view(), i, c), run.product(i, c));
          if (kept) inputs.add(value_at(run.kept.view(), i, c), value_at(run.input.expression(), i, c));
        }
      CHECK(outputs.holds());
      CHECK((!kept || inputs.holds()));
      CHECK(run.output.surroundings_equal(run.output_before));
    }
  });
}

TEMPLATE_TEST_CASE("channel scaling: adds and rectifies behind the product", "", float, double) {
  const Case of{.shape = {5, 7, 23}, .input = Kind::plain};
  for (const bool adds : {false, true}) {
    const Forward<TestType> run(of, {.activation = {.slope = TestType(0.25)}}, adds);
    Agreement<TestType> outputs{.terms = 20};
    for (Index i = 0; i < run.output.view().pixels(); ++i)
      for (Index c = 0; c < of.shape.channels; ++c) {
        const double z = run.product(i, c) + (adds ? value_at(run.addend.view(), i, c) : 0);
        outputs.add(value_at(run.output.view(), i, c), z > 0 ? z : z / 4);
      }
    CHECK(outputs.holds());
  }
}

TEMPLATE_TEST_CASE("channel scaling: backward is the definition's with any epilogue", "", float, double) {
  for_each_case([](const Case& of) {
    Backward<TestType> run(of);
    const auto input = run.input.expression();
    const auto gradient = run.output_gradient.expression(of.input == Kind::plain);
    const Index pixels = of.shape.pixels();
    std::vector<double> input_gradient(static_cast<std::size_t>(input.raw.size()));
    std::vector<double> factor_gradient(static_cast<std::size_t>(of.batch * of.shape.channels));
    for (Index i = 0; i < of.batch * pixels; ++i)
      for (Index c = 0; c < of.shape.channels; ++c) {
        const double g = value_at(gradient, i, c);
        input_gradient[static_cast<std::size_t>(i * of.shape.channels + c)] =
            g * value_at(run.factors.view(), i / pixels, c);
        factor_gradient[static_cast<std::size_t>(i / pixels * of.shape.channels + c)] += g * value_at(input, i, c);
      }
    check_epilogue(run.input_gradient, input_gradient, 20);
    Agreement<TestType> factors{.terms = static_cast<double>(pixels) + 20};
    for (Index i = 0; i < of.batch * of.shape.channels; ++i) {
      factors.add(static_cast<double>(run.factor_gradient[i]), factor_gradient[static_cast<std::size_t>(i)]);
    }
    CHECK(factors.holds());
  });
}

TEST_CASE("channel scaling: the same bits on any number of threads") {
  Case of{.shape = {5, 7, 19}, .batch = 40, .input = Kind::added, .threads = 1};
  const Forward<float> forward(of);
  const Backward<float> backward(of);
  for (const int threads : {2, 3}) {
    of.threads = threads;
    CHECK(test::values_of(Forward<float>(of).output.whole) == test::values_of(forward.output.whole));
    const Backward<float> other(of);
    CHECK(test::values_of(other.factor_gradient) == test::values_of(backward.factor_gradient));
    CHECK(test::values_of(other.input_gradient.target.whole) == test::values_of(backward.input_gradient.target.whole));
    for (std::size_t k = 0; k < 2; ++k) {
      const auto& gamma = other.input_gradient.gamma_gradient[k];
      CHECK(std::equal(gamma.begin(), gamma.end(), backward.input_gradient.gamma_gradient[k].begin()));
    }
  }
}
