#include <cmath>
#include <limits>
#include <vector>

#include <lamina/core/buffer.hpp>
#include <lamina/kernels/group_normalization.hpp>

#include "../catch.hpp"
#include "../layers/layer_checks.hpp"

using namespace lamina;
using kernels::GroupNormalization;
using kernels::NormalizedBlocks;

namespace {

/// The equations of the layer in double, group by group.
struct Definition {
  std::vector<double> output, input_gradient, gamma_gradient, beta_gradient;

  template <class T>
  Definition(const NormalizedBlocks& of, const Tensor<T>& x, const Tensor<T>& dy, const std::vector<T>& gamma,
             const std::vector<T>& beta)
      : output(static_cast<std::size_t>(x.size())),
        input_gradient(output),
        gamma_gradient(static_cast<std::size_t>(of.channels)),
        beta_gradient(gamma_gradient) {
    const Index width = of.channels / of.groups;
    for (Index first = 0; first < x.size(); first += of.pixels * of.channels)
      for (Index g = 0; g < of.groups; ++g) {
        std::vector<Index> places;
        for (Index p = 0; p < of.pixels; ++p)
          for (Index c = g * width; c < (g + 1) * width; ++c) places.push_back(first + p * of.channels + c);
        const auto size = static_cast<double>(places.size());
        double mean = 0, variance = 0, gradient_mean = 0, product_mean = 0;
        for (const Index i : places) mean += static_cast<double>(x[i]) / size;
        for (const Index i : places) variance += std::pow(static_cast<double>(x[i]) - mean, 2) / size;
        const double deviation = std::sqrt(variance + of.epsilon);
        const auto normalized = [&](Index i) { return (static_cast<double>(x[i]) - mean) / deviation; };
        const auto channel = [&](Index i) { return static_cast<std::size_t>(i % of.channels); };
        for (const Index i : places) {
          const std::size_t c = channel(i);
          const auto d = static_cast<double>(dy[i]);
          output[static_cast<std::size_t>(i)] =
              static_cast<double>(gamma[c]) * normalized(i) + static_cast<double>(beta[c]);
          gradient_mean += d * static_cast<double>(gamma[c]) / size;
          product_mean += d * static_cast<double>(gamma[c]) * normalized(i) / size;
          gamma_gradient[c] += d * normalized(i);
          beta_gradient[c] += d;
        }
        for (const Index i : places) {
          const double d = static_cast<double>(dy[i]) * static_cast<double>(gamma[channel(i)]);
          input_gradient[static_cast<std::size_t>(i)] = (d - gradient_mean - normalized(i) * product_mean) / deviation;
        }
      }
  }
};

/// What the kernel computes, in scratch memory of exactly the wanted size that is full of NaN.
template <class T>
struct Run {
  Tensor<T> x, dy, output, input_gradient;
  std::vector<T> gamma, beta, gamma_gradient, beta_gradient;

  Run(const NormalizedBlocks& of, Index blocks, int threads)
      : x(test::random_images<T>(blocks, {1, of.pixels, of.channels}, 1)),
        dy(test::random_images<T>(blocks, {1, of.pixels, of.channels}, 2)),
        output(blocks, x.shape()),
        input_gradient(blocks, x.shape()),
        gamma(static_cast<std::size_t>(of.channels)),
        beta(gamma),
        gamma_gradient(gamma),
        beta_gradient(gamma) {
    for (std::size_t c = 0; c < gamma.size(); ++c) {
      gamma[c] = static_cast<T>(1 + static_cast<double>(c % 5) / 4);
      beta[c] = static_cast<T>(static_cast<double>(c % 3) - 1);
    }
    for (Index i = 0; i < x.size(); ++i) x[i] += static_cast<T>(i % of.channels % 7);
    const Team team(threads);
    Buffer<T> saved(GroupNormalization<T>::saved(of, blocks));
    Buffer<T> scratch(GroupNormalization<T>::scratch(of, blocks, threads) + 1);
    scratch.fill(std::numeric_limits<T>::quiet_NaN());
    GroupNormalization<T>::forward(of, {.team = team,
                                        .scratch = scratch.data(),
                                        .gamma = gamma.data(),
                                        .beta = beta.data(),
                                        .input = x.view(),
                                        .output = output.view(),
                                        .saved = saved.data()});
    GroupNormalization<T>::backward(of, {.team = team,
                                         .scratch = scratch.data(),
                                         .gamma = gamma.data(),
                                         .saved = saved.data(),
                                         .input = x.view(),
                                         .output_gradient = dy.view(),
                                         .gamma_gradient = gamma_gradient.data(),
                                         .beta_gradient = beta_gradient.data(),
                                         .input_gradient = input_gradient.view()});
    CHECK(std::isnan(scratch[scratch.size() - 1]));
  }
};

/// The largest difference, relative to the largest expected value or to `least`.
template <class Values>
double difference(const Values& found, const std::vector<double>& expected, double least = 0) {
  double most = 0;
  double largest = least;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(found[static_cast<decltype(found.size())>(i)]) - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  return most / largest;
}

template <class Check>
void for_each_case(const Check& check) {
  for (const Index pixels : {1, 3, 35})
    for (const auto& [channels, groups] :
         {std::pair<Index, Index>{2, 1}, {7, 1}, {16, 4}, {23, 1}, {24, 3}, {70, 5}, {96, 32}}) {
      CAPTURE(pixels, channels, groups);
      check(NormalizedBlocks{.pixels = pixels, .channels = channels, .groups = groups});
    }
}

}  // namespace

// Each result is a sum of at most 9 blocks of 35 pixels of 70 channels; what cancels in it is of the size of the means,
// which are up to 6 deviations away.
TEMPLATE_TEST_CASE("group normalisation: forward and backward are the definition's", "", float, double) {
  const double tolerance = 1000 * std::numeric_limits<TestType>::epsilon();
  for_each_case([tolerance](const NormalizedBlocks& of) {
    const Run<TestType> run(of, 9, 2);
    const Definition expected(of, run.x, run.dy, run.gamma, run.beta);
    CHECK(difference(run.output, expected.output) < tolerance);
    // Of two values that are normalised together hardly any gradient is left of a gradient of about one.
    CHECK(difference(run.input_gradient, expected.input_gradient, 1) < tolerance);
    CHECK(difference(run.gamma_gradient, expected.gamma_gradient) < tolerance);
    CHECK(difference(run.beta_gradient, expected.beta_gradient) < tolerance);
  });
}

TEST_CASE("group normalisation: the same bits on any number of threads") {
  for_each_case([](const NormalizedBlocks& of) {
    const Run<float> alone(of, 37, 1);
    for (const int threads : {2, 3}) {
      const Run<float> together(of, 37, threads);
      CHECK(test::values_of<float>(together.output.view()) == test::values_of<float>(alone.output.view()));
      CHECK(test::values_of<float>(together.input_gradient.view()) ==
            test::values_of<float>(alone.input_gradient.view()));
      CHECK(together.gamma_gradient == alone.gamma_gradient);
      CHECK(together.beta_gradient == alone.beta_gradient);
    }
  });
}
