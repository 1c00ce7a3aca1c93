// Compiled with -ffast-math, under which a compiler takes for granted that there is no NaN and no infinity: what the
// library promises about them holds all the same.

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include <lamina/core/finite.hpp>
#include <lamina/data/split.hpp>
#include <lamina/diagnostics/flow_verdict.hpp>
#include <lamina/diagnostics/gradient_check.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/sequential.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/optimizers/gradient_clipping.hpp>
#include <lamina/schedules/constant_schedule.hpp>
#include <lamina/schedules/linear_warmup.hpp>
#include <lamina/training/class_report.hpp>
#include <lamina/training/step.hpp>

#include "../catch.hpp"

#ifndef __FAST_MATH__
#error "these tests show something with -ffast-math alone"
#endif

using namespace lamina;

namespace {

/// Numbers that are none. The compiler must not see where they come from.
template <class T>
struct Special {
  static T of(std::uint64_t bits) {
    const volatile std::uint64_t unknown = bits;
    if constexpr (sizeof(T) == 4) return std::bit_cast<T>(static_cast<std::uint32_t>(unknown));
    return std::bit_cast<T>(static_cast<std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>(unknown));
  }
  T nan = of(sizeof(T) == 4 ? 0x7FC00000 : 0x7FF8000000000000);
  T negative_nan = of(sizeof(T) == 4 ? 0xFFC00001 : 0xFFF8000000000001);
  T infinity = of(sizeof(T) == 4 ? 0x7F800000 : 0x7FF0000000000000);
  T negative_infinity = of(sizeof(T) == 4 ? 0xFF800000 : 0xFFF0000000000000);
  T largest = of(sizeof(T) == 4 ? 0x7F7FFFFF : 0x7FEFFFFFFFFFFFFF);
};

using Net = Sequential<Image<1, 1, 3>, Linear<4>, Linear<2>>;

/// A layer whose gradient is not a number.
struct Broken : KeepsShape {
  static constexpr std::string_view kind = "broken";
  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    template <class T>
    static void forward(const Forward<T>& pass) {
      pass.output.matrix() = pass.input.matrix();
    }
    template <class T>
    static void backward(const Backward<T>& pass) {
      pass.input_gradient.matrix().setConstant(Special<T>().nan);
    }
  };
};

}  // namespace

TEMPLATE_TEST_CASE("fast math: a number that is none is found", "", float, double) {
  const Special<TestType> special;
  CHECK(is_nan(special.nan));
  CHECK(is_nan(special.negative_nan));
  CHECK_FALSE(is_nan(special.infinity));
  CHECK_FALSE(is_nan(special.negative_infinity));
  CHECK_FALSE(is_finite(special.nan));
  CHECK_FALSE(is_finite(special.negative_nan));
  CHECK_FALSE(is_finite(special.infinity));
  CHECK_FALSE(is_finite(special.negative_infinity));
  CHECK(is_finite(special.largest));
  CHECK(is_finite(-special.largest));
  CHECK(is_finite(TestType{0}));
  STATIC_REQUIRE(is_finite(TestType{-1}));
}

TEST_CASE("fast math: arguments that are no numbers are refused") {
  const Special<double> special;
  for (const double bad : {special.nan, special.infinity}) {
    CHECK_THROWS_AS(require_not_negative("a", bad), ArgumentError);
    CHECK_THROWS_AS(require_below_one("a", bad), ArgumentError);
    CHECK_THROWS_AS(GradientClipping(bad), ArgumentError);
    CHECK_THROWS_AS(ConstantSchedule(bad), ArgumentError);
    CHECK_THROWS_AS(LinearWarmup(3, bad, ConstantSchedule(1)), ArgumentError);
    CHECK_THROWS_AS(stratified_split(Dataset("a", {1, 1, 1}, 1), bad, 0), ArgumentError);
    CHECK_THROWS_AS((ImageNormalizer<float>({1, 1, 1}, {{0}, {bad}})), ArgumentError);
    CHECK_THROWS_AS((ImageNormalizer<float>({1, 1, 1}, {{bad}, {1}})), ArgumentError);
    const Tensor<float> logits(1, {1, 1, 2});
    const std::array<Label, 1> labels{0};
    CHECK_THROWS_AS((SoftmaxCrossEntropy{.label_smoothing = bad}(logits.view(), labels, Team(1))), ArgumentError);
  }
}

TEST_CASE("fast math: a training step stops at a loss and at a gradient that is none") {
  const std::array<Label, 2> labels{0, 1};
  const Tensor<float> images(2, Net::input_shape);
  for (const float bad : {Special<float>().nan, Special<float>().infinity}) {
    Model<Net> model;
    TrainingStep step(model, Adam<float>(Net::parameter_count), 2, Team(1));
    CHECK_NOTHROW(step(images.view(), labels, 1e-3));
    // The bias of the first layer reaches the loss; images of zeros keep its weights from it.
    model.parameters()[static_cast<std::size_t>(Net::parameters[1].offset)] = bad;
    CHECK_THROWS_WITH(step(images.view(), labels, 1e-3),
                      "step 2: the loss is not finite, and neither is linear 0.bias");
    GradientFlow flow(Net::parameters);
    std::vector<float> gradients(static_cast<std::size_t>(Net::parameter_count));
    gradients.back() = bad;
    CHECK_THROWS_WITH(flow.add<float>(gradients, 7), "step 7: the gradient of linear 1.bias is not finite");
  }
}

TEST_CASE("fast math: the maximum of a window with NaN is NaN, wherever it stands, and takes the gradient") {
  using Pool = Sequential<Image<2, 2, 5>, MaxPool<2>>;
  for (Index place = 0; place < 4; ++place) {
    Tensor<float> images(1, Pool::input_shape);
    for (Index i = 0; i < images.size(); ++i) images[i] = static_cast<float>(i % 7) - 3;
    for (Index c = 0; c < 5; ++c) images[place * 5 + c] = Special<float>().nan;
    Tensor<float> gradient(1, Pool::output_shape);
    std::fill_n(gradient.data(), gradient.size(), 1.0F);
    Tensor<float> input_gradient(1, Pool::input_shape);
    Model<Pool> model;
    TrainingWorkspace<Pool> workspace(1, Team(1));

    const auto check = [&](TensorView<const float> output) {
      for (Index c = 0; c < 5; ++c) CHECK(is_nan(output.data[c]));
      for (Index i = 0; i < images.size(); ++i) CHECK(input_gradient[i] == (i / 5 == place ? 1.0F : 0.0F));
    };
    const auto output = model.forward(workspace, images.view());
    model.backward(workspace, images.view(), gradient.view(), {}, input_gradient.view());
    check(output);

    using Definition = MaxPool<2>::Bound<Pool::input_shape>;
    const Team team(1);
    Tensor<float> defined(1, Pool::output_shape);
    Definition::forward(Forward<float>{.team = team, .input = std::as_const(images).view(), .output = defined.view()});
    Definition::backward(Backward<float>{.team = team,
                                         .input = std::as_const(images).view(),
                                         .output = std::as_const(defined).view(),
                                         .output_gradient = std::as_const(gradient).view(),
                                         .input_gradient = input_gradient.view()});
    check(std::as_const(defined).view());
  }
}

TEST_CASE("fast math: a gradient check of NaN has an infinite error") {
  const GradientCheckReport report = check_gradients<Sequential<Image<1, 1, 3>, Broken>>();
  CHECK_FALSE(is_finite(report.largest_error()));
}

TEST_CASE("fast math: outputs that are no numbers rank nothing behind them") {
  const float nan = Special<float>().nan;
  const std::vector<float> own_is_none{1, nan, 2};
  CHECK(lamina::rank_of_label<float>(own_is_none, 1) == 2);
  const std::vector<float> other_is_none{nan, 3, 2};
  CHECK(lamina::rank_of_label<float>(other_is_none, 1) == 1);
}

TEST_CASE("fast math: a flow of zeros breaks nowhere") {
  const auto tensor = [](double value) { return TensorFlow{.name = "w", .kind = "conv", .mean_abs = value}; };
  const std::vector<TensorFlow> flow{tensor(0), tensor(0), tensor(1)};
  const FlowVerdict verdict = judge(flow);
  CHECK(verdict.break_at == 1);
  CHECK(verdict.change == 0);
}
