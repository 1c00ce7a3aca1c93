#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <lamina/kernels/convolution_kernel.hpp>

/// @file
/// What a convolution kernel should give, by plain loops in double over the same structs that the kernel takes. Every
/// value comes with a bound of the error that the rounding of T may cause in any order of summation.

namespace lamina::test {

/// A smooth activation, z / (1 + |z|), for passes whose activation is no rectifier. Its slope is at most 1 and changes
/// by at most 2 a unit of z.
struct Softsign {
  template <class Z>
  static auto apply(const Z& z) {
    return z / (1 + z.abs());
  }
  template <class Z>
  static auto derivative(const Z& z) {
    return (1 + z.abs()).square().inverse();
  }
};

/// A value and how far a computed one may lie from it.
struct Bounded {
  double value = 0;
  double error = 0;
};

/// A sum of products of such values in any order: a sum of n terms rounds each of them at most n + 1 times (Higham,
/// "Accuracy and Stability of Numerical Algorithms", 4.2).
struct BoundedSum {
  double value = 0;
  double magnitude = 0;
  double error = 0;
  Index terms = 0;

  void add(Bounded a, Bounded b = {1, 0}) {
    value += a.value * b.value;
    magnitude += std::abs(a.value * b.value);
    error += std::abs(a.value) * b.error + a.error * std::abs(b.value) + a.error * b.error;
    ++terms;
  }
  template <class T>
  [[nodiscard]] Bounded result() const {
    return {value, error + static_cast<double>(terms + 1) * epsilon<T>() * (magnitude + error)};
  }
  template <class T>
  [[nodiscard]] static double epsilon() {
    return static_cast<double>(std::numeric_limits<T>::epsilon());
  }
};

using BoundedValues = std::vector<Bounded>;

template <class T>
class NaiveConvolutionPass {
 public:
  explicit NaiveConvolutionPass(const kernels::ConvolutionShape& shape) : shape_(shape) {}

  /// For algorithms whose sums mix many values: the error of each is this many roundings of the largest sum of
  /// magnitudes. 0 for sums of the products themselves.
  double mixing = 0;

  struct ForwardResult {
    BoundedValues input;   ///< the value that is kept
    BoundedValues output;  ///< after the epilogue
    BoundedValues mean;
    BoundedValues variance;
  };
  struct BackwardResult {
    BoundedValues weight_gradient;
    BoundedValues bias_gradient;
    BoundedValues target;
    BoundedValues gamma[2];
    BoundedValues beta;
  };

  [[nodiscard]] ForwardResult forward(const kernels::ConvolutionForward<T>& pass) const {
    ForwardResult result;
    const Index batch = pass.output.batch;
    result.input = values_of(pass.input, batch * shape_.geometry.input.pixels());
    std::vector<BoundedSum> sums(size(batch * shape_.geometry.output.size()));
    for (Index i = 0; i < batch * shape_.geometry.output.size() && pass.bias != nullptr; ++i) {
      sums[size(i)].add({static_cast<double>(pass.bias[i % shape_.outputs()])});
    }
    for_each_product(batch, [&](Index from, Index weight, Index to) {
      sums[size(to)].add(result.input[size(from)], {static_cast<double>(pass.weights[weight])});
    });
    const BoundedValues raw = results(sums);
    for (Index i = 0; i < batch * shape_.geometry.output.size(); ++i) {
      const Index channels = shape_.outputs();
      const Bounded z = pre_activation(pass.epilogue, raw[size(i)], i / channels, i % channels);
      result.output.push_back(activated(pass.epilogue.activation, z));
    }
    moments(result.output, batch * shape_.geometry.output.pixels(), result);
    return result;
  }

  /// `target` has the target's values before the pass, in case it accumulates or is `added` too.
  [[nodiscard]] BackwardResult backward(const kernels::ConvolutionBackward<T>& pass,
                                        const std::vector<T>& target) const {
    BackwardResult result;
    const Index batch = pass.output_gradient.gradient.batch;
    const BoundedValues input = values_of(pass.input, batch * shape_.geometry.input.pixels());
    BoundedValues gradient;
    for (Index i = 0; i < batch * shape_.geometry.output.size(); ++i) gradient.push_back(gradient_at(pass, i));
    std::vector<BoundedSum> weights(size(shape_.weight_size()));
    std::vector<BoundedSum> inputs(input.size());
    std::vector<BoundedSum> bias(size(shape_.outputs()));
    for (std::size_t i = 0; i < gradient.size(); ++i) bias[i % bias.size()].add(gradient[i]);
    for_each_product(batch, [&](Index from, Index weight, Index to) {
      weights[size(weight)].add(input[size(from)], gradient[size(to)]);
      inputs[size(from)].add({static_cast<double>(pass.weights[weight])}, gradient[size(to)]);
    });
    result.weight_gradient = results(weights);
    for (const BoundedSum& sum : bias) result.bias_gradient.push_back(sum.template result<T>());
    if (pass.input_gradient.wanted()) apply(pass.input_gradient, results(inputs), target, result);
    return result;
  }

 private:
  [[nodiscard]] static std::size_t size(Index index) { return static_cast<std::size_t>(index); }

  /// Calls visit(input value, weight, output value), as offsets in dense tensors, for each product of a convolution.
  template <class Visit>
  void for_each_product(Index batch, const Visit& visit) const {
    const auto& [window, input, output] = shape_.geometry;
    const Index inputs = input.channels / shape_.groups;
    const Index outputs = output.channels / shape_.groups;
    for (Index n = 0; n < batch; ++n)
      for (Index y = 0; y < output.height; ++y)
        for (Index x = 0; x < output.width; ++x)
          for (Index i = 0; i < window.kernel; ++i)
            for (Index j = 0; j < window.kernel; ++j) {
              const Index row = y * window.stride - window.padding + i * window.dilation;
              const Index column = x * window.stride - window.padding + j * window.dilation;
              if (row < 0 || row >= input.height || column < 0 || column >= input.width) continue;
              const Index from = ((n * input.height + row) * input.width + column) * input.channels;
              const Index to = ((n * output.height + y) * output.width + x) * output.channels;
              for (Index c = 0; c < inputs; ++c)
                for (Index k = 0; k < output.channels; ++k)
                  visit(from + k / outputs * inputs + c, ((i * window.kernel + j) * inputs + c) * output.channels + k,
                        to + k);
            }
  }

  [[nodiscard]] BoundedValues results(const std::vector<BoundedSum>& sums) const {
    double largest = 0;
    for (const BoundedSum& sum : sums) largest = std::max(largest, sum.magnitude + sum.error);
    BoundedValues values;
    for (const BoundedSum& sum : sums) {
      values.push_back(sum.template result<T>());
      if (mixing > 0) values.back().error = sum.error + mixing * BoundedSum::epsilon<T>() * largest;
    }
    return values;
  }

  [[nodiscard]] static double factor(const T* factors, Index channel, double otherwise) {
    return factors == nullptr ? otherwise : static_cast<double>(factors[channel]);
  }
  template <class U>
  [[nodiscard]] static Bounded at(const TensorView<U>& view, Index pixel, Index channel) {
    return {static_cast<double>(view.data[pixel * view.stride + channel])};
  }

  [[nodiscard]] static Bounded pre_activation(const kernels::Expression<T>& expression, Bounded raw, Index pixel,
                                              Index channel) {
    if (expression.unscaled()) return raw;
    BoundedSum z;
    z.add(raw, {factor(expression.scale, channel, 1)});
    z.add({factor(expression.shift, channel, 0)});
    if (!expression.addend.empty()) {
      z.add(at(expression.addend, pixel, channel), {factor(expression.addend_scale, channel, 1)});
    }
    return z.template result<T>();
  }

  [[nodiscard]] static Bounded activated(const kernels::Activation<T>& activation, Bounded z) {
    const double rounding = 4 * BoundedSum::epsilon<T>();
    if (activation.rectifier()) {
      const double slope = static_cast<double>(activation.slope);
      const double value = z.value > 0 ? z.value : z.value * slope;
      return {value, z.error * std::max(1.0, std::abs(slope)) + rounding * std::abs(value)};
    }
    return {z.value / (1 + std::abs(z.value)), z.error + rounding};
  }

  [[nodiscard]] static Bounded derivative(const kernels::Activation<T>& activation, Bounded z) {
    if (activation.identity()) return {1, 0};
    if (!activation.rectifier()) {
      return {1 / ((1 + std::abs(z.value)) * (1 + std::abs(z.value))), 2 * z.error + 6 * BoundedSum::epsilon<T>()};
    }
    // Where rounding may change the sign, either slope is right.
    const double slope = static_cast<double>(activation.slope);
    return {z.value > 0 ? 1 : slope, std::abs(z.value) <= z.error && z.value != 0 ? std::abs(1 - slope) : 0};
  }

  [[nodiscard]] BoundedValues values_of(const kernels::Expression<T>& expression, Index pixels) const {
    BoundedValues values;
    for (Index pixel = 0; pixel < pixels; ++pixel) {
      for (Index c = 0; c < shape_.inputs(); ++c) {
        const Bounded z = pre_activation(expression, at(expression.raw, pixel, c), pixel, c);
        values.push_back(activated(expression.activation, z));
      }
    }
    return values;
  }

  [[nodiscard]] Bounded gradient_at(const kernels::ConvolutionBackward<T>& pass, Index i) const {
    const auto& expression = pass.output_gradient;
    const Index pixel = i / shape_.outputs();
    const Index channel = i % shape_.outputs();
    if (expression.identity()) return at(expression.gradient, pixel, channel);
    BoundedSum sum;
    sum.add(at(expression.gradient, pixel, channel), {factor(expression.scale, channel, 1)});
    if (!expression.raw.empty()) {
      sum.add(at(expression.raw, pixel, channel), {factor(expression.raw_factor, channel, 0)});
      sum.add({factor(expression.shift, channel, 0)});
    }
    return sum.template result<T>();
  }

  void moments(const BoundedValues& raw, Index pixels, ForwardResult& result) const {
    const Index channels = shape_.outputs();
    const auto count = static_cast<double>(pixels);
    for (Index c = 0; c < channels; ++c) {
      BoundedSum sum;
      for (Index i = 0; i < pixels; ++i) sum.add(raw[size(i * channels + c)]);
      const Bounded total = sum.template result<T>();
      const Bounded mean{total.value / count, total.error / count};
      BoundedSum squares;
      for (Index i = 0; i < pixels; ++i) {
        const Bounded& x = raw[size(i * channels + c)];
        const Bounded difference{x.value - mean.value, x.error + mean.error};
        squares.add(difference, difference);
      }
      const Bounded deviation = squares.template result<T>();
      result.mean.push_back(mean);
      result.variance.push_back({deviation.value / count, deviation.error / count});
    }
  }

  void apply(const kernels::GradientEpilogue<T>& epilogue, const BoundedValues& gradient, const std::vector<T>& target,
             BackwardResult& result) const {
    const Index channels = shape_.inputs();
    std::vector<BoundedSum> beta(size(channels));
    std::vector<BoundedSum> gamma[2] = {beta, beta};
    const bool added_target = epilogue.added.data == epilogue.target.data;
    for (Index i = 0; i < static_cast<Index>(gradient.size()); ++i) {
      const Index pixel = i / channels;
      const Index c = i % channels;
      BoundedSum sum;
      sum.add(gradient[size(i)]);
      if (!epilogue.added.empty()) {
        sum.add(added_target ? Bounded{static_cast<double>(target[size(i)])} : at(epilogue.added, pixel, c));
      }
      Bounded dz = epilogue.added.empty() ? gradient[size(i)] : sum.template result<T>();
      if (!epilogue.value.activation.identity()) {
        const Bounded z = pre_activation(epilogue.value, at(epilogue.value.raw, pixel, c), pixel, c);
        BoundedSum product;
        product.add(dz, derivative(epilogue.value.activation, z));
        dz = product.template result<T>();
      }
      BoundedSum to;
      to.add(dz, {factor(epilogue.scale, c, 1)});
      if (epilogue.accumulate) to.add({static_cast<double>(target[size(i)])});
      result.target.push_back(to.template result<T>());
      beta[size(c)].add(dz);
      for (Index k = 0; k < epilogue.norm_count(); ++k) {
        const auto& norm = epilogue.norms[size(k)];
        BoundedSum centered;
        centered.add(at(norm.raw, pixel, c));
        centered.add({-static_cast<double>(norm.mean[c])});
        BoundedSum normalized;
        normalized.add(centered.template result<T>(), {static_cast<double>(norm.inverse_deviation[c])});
        gamma[k][size(c)].add(dz, normalized.template result<T>());
      }
    }
    for (const BoundedSum& sum : beta) result.beta.push_back(sum.template result<T>());
    for (Index k = 0; k < 2; ++k) {
      for (const BoundedSum& sum : gamma[k]) result.gamma[k].push_back(sum.template result<T>());
    }
  }

  kernels::ConvolutionShape shape_;
};

}  // namespace lamina::test
