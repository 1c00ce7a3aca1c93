#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "naive_convolution_pass.hpp"
#include "random_values.hpp"

/// @file
/// Runs a convolution kernel on random tensors and holds what it writes against NaiveConvolutionPass.

namespace lamina::test {

/// A convolution with everything that may stand around it.
struct ConvolutionCase {
  kernels::Window window{};
  Shape input{};
  Index outputs = 1;
  Index groups = 1;
  Index batch = 1;
  Index gap = 0;  ///< channels beside each tensor's own, which are a slice of a wider tensor
  bool bias = true;
  bool prepared = false;
  // The input, as an expression:
  bool scaled = false;
  bool addend = false;
  bool addend_scaled = false;
  double slope = 1;       ///< of the activation, a rectifier
  bool softsign = false;  ///< instead
  bool kept = false;
  // Of the output:
  bool moments = false;
  bool epilogue = false;
  bool epilogue_softsign = false;
  bool epilogue_rectifies = false;  ///< and does nothing else
  // Backward:
  bool gradient_scaled = false;
  bool gradient_raw = false;
  bool wanted = true;
  enum class Added { no, apart, target } added = Added::no;
  bool through_activation = false;  ///< whether the input gradient goes back through the input's activation
  Index norms = 0;
  bool target_scaled = false;
  bool accumulate = false;

  [[nodiscard]] kernels::ConvolutionShape shape() const {
    return {{window, input, {window.positions(input.height), window.positions(input.width), outputs}}, groups};
  }
};

/// A random tensor that is a slice of the channels of a wider one.
template <class T>
class RandomSlice {
 public:
  RandomSlice(Index batch, Shape shape, Index gap, std::uint32_t stream)
      : batch_(batch),
        shape_(shape),
        gap_(gap),
        memory_(random_buffer<T>(batch * shape.pixels() * stride(), stream)),
        before_(memory_) {}

  [[nodiscard]] TensorView<T> view() { return {memory_.data() + gap_ / 2, batch_, shape_, stride()}; }
  /// The values of the slice, now or as they were in the beginning.
  [[nodiscard]] std::vector<T> values() const { return values(memory_); }
  [[nodiscard]] std::vector<T> values_before() const { return values(before_); }
  /// Whether nothing beside the slice has changed.
  [[nodiscard]] bool others_unchanged() const {
    for (Index i = 0; i < memory_.size(); ++i) {
      const Index channel = i % stride() - gap_ / 2;
      if ((channel < 0 || channel >= shape_.channels) && memory_[i] != before_[i]) return false;
    }
    return true;
  }

 private:
  [[nodiscard]] Index stride() const { return shape_.channels + gap_; }
  [[nodiscard]] std::vector<T> values(const Buffer<T>& memory) const {
    std::vector<T> values;
    for (Index pixel = 0; pixel < batch_ * shape_.pixels(); ++pixel) {
      for (Index c = 0; c < shape_.channels; ++c) values.push_back(memory[pixel * stride() + gap_ / 2 + c]);
    }
    return values;
  }

  Index batch_;
  Shape shape_;
  Index gap_;
  Buffer<T> memory_;
  Buffer<T> before_;
};

/// All that a kernel writes: for comparing bits.
template <class T>
struct ConvolutionResult {
  std::vector<T> kept, output, mean, variance, weight_gradient, bias_gradient, target, gamma[2], beta[2];

  friend bool operator==(const ConvolutionResult& a, const ConvolutionResult& b) {
    return a.kept == b.kept && a.output == b.output && a.mean == b.mean && a.variance == b.variance &&
           a.weight_gradient == b.weight_gradient && a.bias_gradient == b.bias_gradient && a.target == b.target &&
           a.gamma[0] == b.gamma[0] && a.gamma[1] == b.gamma[1] && a.beta[0] == b.beta[0] && a.beta[1] == b.beta[1];
  }
};

/// The random tensors of a case, and runs of kernel K on them.
template <class K, class T>
class ConvolutionRun {
 public:
  explicit ConvolutionRun(const ConvolutionCase& c)
      : case_(c),
        shape_(c.shape()),
        raw_(c.batch, c.input, c.gap, 1),
        addend_(c.batch, c.input, c.addend_scaled ? c.gap : c.gap + 2, 2),
        gradient_(c.batch, shape_.geometry.output, c.gap, 3),
        output_raw_(c.batch, shape_.geometry.output, c.gap + 1, 4),
        added_(c.batch, c.input, c.gap + 3, 5),
        epilogue_addend_(c.batch, shape_.geometry.output, c.gap + 5, 6),
        weights_(random_buffer<T>(shape_.weight_size(), 7)),
        channels_(random_buffer<T>(16 * std::max(c.input.channels, c.outputs), 8)) {}

  /// @param mixing  see NaiveConvolutionPass
  ConvolutionResult<T> check(int threads, double mixing = 0) {
    CAPTURE(case_.window.kernel, case_.window.stride, case_.window.padding, case_.window.dilation, case_.groups,
            to_string(case_.input), case_.outputs, case_.batch, case_.gap, threads, case_.kept, case_.moments,
            case_.epilogue, case_.norms);
    NaiveConvolutionPass<T> naive(shape_);
    naive.mixing = mixing;
    ConvolutionResult<T> result;
    check_forward(threads, naive, result);
    check_backward(threads, naive, result);
    return result;
  }

 private:
  static void require_agreement(const char* what, const BoundedValues& expected, const std::vector<T>& values) {
    REQUIRE(values.size() == expected.size());
    bool all_zero = true;
    double worst = -1;
    std::size_t at = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double error = std::abs(static_cast<double>(values[i]) - expected[i].value);
      const double excess = std::isfinite(error) ? error - expected[i].error : std::numeric_limits<double>::max();
      if (excess > worst || i == 0) {
        worst = excess;
        at = i;
      }
      all_zero = all_zero && values[i] == 0;
    }
    CAPTURE(what, at, expected[at].value, expected[at].error, values[at]);
    REQUIRE(worst <= 0);
    REQUIRE_FALSE(all_zero);
  }

  /// Random factors for each channel.
  [[nodiscard]] const T* factors(Index number) const {
    return channels_.data() + number * std::max(case_.input.channels, case_.outputs);
  }

  [[nodiscard]] kernels::Expression<T> input() {
    kernels::Expression<T> expression{.raw = raw_.view()};
    if (case_.scaled) {
      expression.scale = factors(0);
      expression.shift = factors(1);
    }
    if (case_.addend) expression.addend = addend_.view();
    if (case_.addend_scaled) expression.addend_scale = factors(2);
    expression.activation.slope = static_cast<T>(case_.slope);
    if (case_.softsign) expression.activation = kernels::Activation<T>::template of<Softsign>();
    return expression;
  }

  [[nodiscard]] kernels::Expression<T> epilogue() {
    kernels::Expression<T> expression;
    if (case_.epilogue_rectifies) expression.activation.slope = static_cast<T>(0.25);
    if (!case_.epilogue) return expression;
    expression.scale = factors(3);
    expression.shift = factors(4);
    expression.addend = epilogue_addend_.view();
    expression.activation.slope = static_cast<T>(0.25);
    if (case_.epilogue_softsign) expression.activation = kernels::Activation<T>::template of<Softsign>();
    return expression;
  }

  void check_forward(int threads, const NaiveConvolutionPass<T>& naive, ConvolutionResult<T>& result) {
    const Team team(threads);
    const T nan = std::numeric_limits<T>::quiet_NaN();
    Buffer<T> scratch(K::forward_scratch(shape_, case_.batch, threads));
    Buffer<T> prepared(K::prepared_size(shape_));
    scratch.fill(nan);
    prepared.fill(nan);
    RandomSlice<T> output(case_.batch, shape_.geometry.output, case_.gap, 10);
    RandomSlice<T> kept(case_.batch, case_.input, case_.gap + 1, 11);
    kernels::ConvolutionForward<T> pass{
        .team = team, .weights = weights_.data(), .bias = nullptr, .input = input(), .epilogue = epilogue()};
    if (case_.bias) pass.bias = factors(5);
    pass.scratch = scratch.data();
    pass.output = output.view();
    if (case_.kept) pass.kept_input = kept.view();
    if (case_.moments) {
      result.mean.assign(static_cast<std::size_t>(case_.outputs), nan);
      result.variance.assign(static_cast<std::size_t>(case_.outputs), nan);
      pass.mean = result.mean.data();
      pass.variance = result.variance.data();
    }
    const auto expected = naive.forward(pass);
    if (case_.prepared) {
      K::prepare(shape_, pass.weights, pass.bias, prepared.data());
      pass.prepared = prepared.data();
      pass.weights = nullptr;
      pass.bias = nullptr;
    }
    K::forward(shape_, pass);
    result.output = output.values();
    require_agreement("output", expected.output, result.output);
    REQUIRE(output.others_unchanged());
    REQUIRE(kept.others_unchanged());
    if (case_.kept) {
      result.kept = kept.values();
      require_agreement("kept input", expected.input, result.kept);
    }
    if (case_.moments) {
      require_agreement("mean", expected.mean, result.mean);
      if (case_.batch * shape_.geometry.output.pixels() > 1) {
        require_agreement("variance", expected.variance, result.variance);
      }
    }
  }

  void check_backward(int threads, const NaiveConvolutionPass<T>& naive, ConvolutionResult<T>& result) {
    const Team team(threads);
    const T nan = std::numeric_limits<T>::quiet_NaN();
    Buffer<T> scratch(K::backward_scratch(shape_, case_.batch, threads));
    scratch.fill(nan);
    RandomSlice<T> target(case_.batch, case_.input, case_.gap, 12);
    kernels::ConvolutionBackward<T> pass{.team = team, .weights = weights_.data()};
    pass.scratch = scratch.data();
    pass.input = input();
    pass.output_gradient.gradient = gradient_.view();
    if (case_.gradient_scaled) pass.output_gradient.scale = factors(6);
    if (case_.gradient_raw) {
      pass.output_gradient.raw = output_raw_.view();
      pass.output_gradient.raw_factor = factors(7);
      pass.output_gradient.shift = factors(8);
    }
    result.weight_gradient.assign(static_cast<std::size_t>(shape_.weight_size()), nan);
    result.bias_gradient.assign(static_cast<std::size_t>(case_.outputs), nan);
    pass.weight_gradient = result.weight_gradient.data();
    if (case_.bias) pass.bias_gradient = result.bias_gradient.data();
    if (case_.wanted) fill_epilogue(pass.input_gradient, target, result);
    const auto expected = naive.backward(pass, target.values_before());
    K::backward(shape_, pass);
    require_agreement("weight gradient", expected.weight_gradient, result.weight_gradient);
    if (case_.bias) require_agreement("bias gradient", expected.bias_gradient, result.bias_gradient);
    if (!case_.bias) result.bias_gradient.clear();
    REQUIRE(target.others_unchanged());
    if (!case_.wanted) return;
    result.target = target.values();
    require_agreement("input gradient", expected.target, result.target);
    for (Index k = 0; k < case_.norms; ++k) {
      require_agreement("gamma's gradient", expected.gamma[k], result.gamma[k]);
      require_agreement("beta's gradient", expected.beta, result.beta[k]);
    }
  }

  void fill_epilogue(kernels::GradientEpilogue<T>& epilogue, RandomSlice<T>& target, ConvolutionResult<T>& result) {
    epilogue.target = target.view();
    if (case_.added == ConvolutionCase::Added::apart) epilogue.added = added_.view();
    if (case_.added == ConvolutionCase::Added::target) epilogue.added = target.view();
    if (case_.through_activation) epilogue.value = input();
    if (case_.target_scaled) epilogue.scale = factors(9);
    epilogue.accumulate = case_.accumulate;
    for (Index k = 0; k < case_.norms; ++k) {
      result.gamma[k].assign(static_cast<std::size_t>(case_.input.channels), std::numeric_limits<T>::quiet_NaN());
      result.beta[k] = result.gamma[k];
      epilogue.norms[static_cast<std::size_t>(k)] = {.raw = k == 0 ? raw_.view() : addend_.view(),
                                                     .mean = factors(10 + k),
                                                     .inverse_deviation = factors(12 + k),
                                                     .gamma_gradient = result.gamma[k].data(),
                                                     .beta_gradient = result.beta[k].data()};
    }
  }

  ConvolutionCase case_;
  kernels::ConvolutionShape shape_;
  RandomSlice<T> raw_;
  RandomSlice<T> addend_;
  RandomSlice<T> gradient_;
  RandomSlice<T> output_raw_;
  RandomSlice<T> added_;
  RandomSlice<T> epilogue_addend_;
  Buffer<T> weights_;
  Buffer<T> channels_;
};

/// Checks a case with one thread and the bits of more threads against it.
template <class K, class T>
void check_convolution(const ConvolutionCase& c, double mixing = 0) {
  if (c.shape().geometry.output.size() == 0) return;
  ConvolutionRun<K, T> run(c);
  const auto alone = run.check(1, mixing);
  for (const int threads : {2, 3}) REQUIRE(run.check(threads, mixing) == alone);
}

}  // namespace lamina::test
