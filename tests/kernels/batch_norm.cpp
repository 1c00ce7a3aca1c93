#include <vector>

#include <lamina/kernels/batch_norm.hpp>

#include "../catch.hpp"
#include "random_values.hpp"

using namespace lamina;
using test::random_buffer;
using test::random_tensor;

namespace {

/// Mean and biased variance of channel c, in double and in two passes.
template <class T>
std::pair<double, double> moments_of(const Tensor<T>& x, Index c) {
  const Index channels = x.shape().channels;
  const auto count = static_cast<double>(x.size() / channels);
  double mean = 0;
  for (Index i = c; i < x.size(); i += channels) mean += x[i] / count;
  double variance = 0;
  for (Index i = c; i < x.size(); i += channels) variance += (x[i] - mean) * (x[i] - mean) / count;
  return {mean, variance};
}

template <class T, Index Channels>
struct Moments {
  std::vector<T> mean = std::vector<T>(Channels);
  std::vector<T> variance = std::vector<T>(Channels);

  Moments(const Tensor<T>& x, int threads) {
    Buffer<T> scratch(kernels::batch_norm_scratch<Channels>);
    kernels::batch_moments<T, Channels>(Team(threads), x.view(), scratch.data(), mean.data(), variance.data());
  }
};

template <class T, Index Channels>
void check_moments(Index batch) {
  const auto x = random_tensor<T>(batch, {3, 5, Channels}, 1);
  const Moments<T, Channels> moments(x, 2);
  // Sums of n standard normal values, each rounded less than n times, and divided by n; the variance is a sum of
  // squares of about one each.
  const double tolerance = static_cast<double>(batch * 15) * std::numeric_limits<T>::epsilon();
  for (Index c = 0; c < Channels; ++c) {
    const auto [mean, variance] = moments_of(x, c);
    CAPTURE(Channels, batch, c);
    REQUIRE(moments.mean[static_cast<std::size_t>(c)] == Approx(mean).epsilon(0).margin(tolerance));
    REQUIRE(moments.variance[static_cast<std::size_t>(c)] == Approx(variance).epsilon(tolerance));
  }
}

}  // namespace

TEMPLATE_TEST_CASE("batch norm: mean and biased variance are the definition's", "", float, double) {
  for (const Index batch : {1, 2, 33, 70}) {
    check_moments<TestType, 1>(batch);
    check_moments<TestType, 3>(batch);
    check_moments<TestType, 8>(batch);
    check_moments<TestType, 13>(batch);
    check_moments<TestType, 32>(batch);
  }
}

TEST_CASE("batch norm: the variance survives a mean ten thousand times the deviation") {
  // float holds 1000 +- 0.1 to 6e-5. A mean that is wrong by a few of those adds their square, 1e-8 or so, to the
  // variance of 0.01. The mean of squares minus the square of the mean would be wrong by 6e-8 of 1e6, six times 0.01.
  auto x = random_tensor<float>(20, {8, 8, 8}, 1);
  for (Index i = 0; i < x.size(); ++i) x[i] = 1000 + 0.1F * x[i];
  const Moments<float, 8> moments(x, 1);
  for (Index c = 0; c < 8; ++c) {
    const auto [mean, variance] = moments_of(x, c);
    CHECK(moments.mean[static_cast<std::size_t>(c)] == Approx(mean).epsilon(5 * 0x1p-23));
    CHECK(moments.variance[static_cast<std::size_t>(c)] == Approx(variance).epsilon(1e-4));
  }
}

TEST_CASE("batch norm: the same bits on any number of threads") {
  const auto x = random_tensor<float>(50, {4, 4, 8}, 1);
  const Moments<float, 8> alone(x, 1);
  for (const int threads : {2, 5}) {
    const Moments<float, 8> shared(x, threads);
    CHECK(shared.mean == alone.mean);
    CHECK(shared.variance == alone.variance);
  }
}

TEST_CASE("batch norm: running statistics move by the momentum, the variance towards the unbiased one") {
  const std::vector<double> mean{2, -4};
  const std::vector<double> variance{9, 1};
  std::vector<double> running{1, 1, 1, 1};
  kernels::update_running_statistics(Index{2}, Index{10}, 0.25, mean.data(), variance.data(), running.data());
  CHECK(running[0] == Approx(0.75 * 1 + 0.25 * 2));
  CHECK(running[1] == Approx(0.75 * 1 + 0.25 * -4));
  CHECK(running[2] == Approx(0.75 * 1 + 0.25 * 9 * 10 / 9));
  CHECK(running[3] == Approx(0.75 * 1 + 0.25 * 1 * 10 / 9));
}

TEST_CASE("batch norm: of one value there is no variance, and running statistics stay finite") {
  const double mean = 3;
  const double variance = 0;
  std::vector<double> running{0, 1};
  kernels::update_running_statistics(Index{1}, Index{1}, 0.1, &mean, &variance, running.data());
  CHECK(running[0] == Approx(0.3));
  CHECK(running[1] == Approx(0.9));
}

TEMPLATE_TEST_CASE("batch norm: scales and shifts each channel, in place too", "", float, double) {
  auto x = random_tensor<TestType>(3, {5, 4, 11}, 1);
  const auto scale = random_buffer<TestType>(11, 2);
  const auto shift = random_buffer<TestType>(11, 3);
  Tensor<TestType> y(3, x.shape());
  kernels::scale_and_shift<TestType, 11>(Team(2), x.view(), scale.data(), shift.data(), y.view());
  for (Index i = 0; i < x.size(); ++i) {
    test::Sum sum;
    sum.add(shift[i % 11]);
    sum.add(x[i], scale[i % 11]);
    REQUIRE(sum.agrees(y[i]));
  }
  kernels::scale_and_shift<TestType, 11>(Team(2), x.view(), scale.data(), shift.data(), x.view());
  CHECK(test::values_of(x) == test::values_of(y));
}

TEMPLATE_TEST_CASE("batch norm: gradients of gamma and beta are the definition's", "", float, double) {
  const Index batch = GENERATE(1, 3, 40);
  const int threads = GENERATE(1, 3);
  const auto x = random_tensor<TestType>(batch, {2, 3, 11}, 1);
  const auto dy = random_tensor<TestType>(batch, {2, 3, 11}, 2);
  const auto mean = random_buffer<TestType>(11, 3);
  const auto inverse_deviation = random_buffer<TestType>(11, 4);
  Buffer<TestType> scratch(kernels::batch_norm_scratch<11>);
  Buffer<TestType> gamma(11);
  Buffer<TestType> beta(11);
  kernels::batch_norm_parameter_gradients<TestType, 11>(Team(threads), x.view(), dy.view(), mean.data(),
                                                        inverse_deviation.data(), scratch.data(), gamma.data(),
                                                        beta.data());
  for (Index c = 0; c < 11; ++c) {
    test::Sum gamma_sum;
    test::Sum beta_sum;
    for (Index i = c; i < x.size(); i += 11) {
      // Two terms, so that the magnitude holds what the difference cancels.
      gamma_sum.add(x[i] * static_cast<double>(inverse_deviation[c]), dy[i]);
      gamma_sum.add(-mean[c] * static_cast<double>(inverse_deviation[c]), dy[i]);
      beta_sum.add(dy[i]);
    }
    CHECK(gamma_sum.agrees(gamma[c]));
    CHECK(beta_sum.agrees(beta[c]));
  }
}

TEMPLATE_TEST_CASE("batch norm: combines gradient, input and shift of each channel", "", float, double) {
  const auto dy = random_tensor<TestType>(3, {5, 4, 11}, 1);
  const auto x = random_tensor<TestType>(3, {5, 4, 11}, 2);
  const auto factors = random_buffer<TestType>(33, 3);
  Tensor<TestType> dx(3, x.shape());
  kernels::combine_channels<TestType, 11>(Team(2), dy.view(), x.view(), factors.data(), factors.data() + 11,
                                          factors.data() + 22, dx.view());
  for (Index i = 0; i < x.size(); ++i) {
    test::Sum sum;
    sum.add(dy[i], factors[i % 11]);
    sum.add(x[i], factors[11 + i % 11]);
    sum.add(factors[22 + i % 11]);
    REQUIRE(sum.agrees(dx[i]));
  }
}
