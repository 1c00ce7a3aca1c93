#include <cmath>
#include <vector>

#include <lamina/kernels/moments.hpp>

#include "../catch.hpp"
#include "random_values.hpp"

using namespace lamina;
using test::random_tensor;

namespace {

/// Mean and biased variance of a channel, in double and in two passes.
template <class T>
std::pair<double, double> moments_of(TensorView<const T> x, Index c) {
  const auto count = static_cast<double>(x.pixels());
  double mean = 0;
  for (Index i = 0; i < x.pixels(); ++i) mean += static_cast<double>(x.data[i * x.stride + c]) / count;
  double variance = 0;
  for (Index i = 0; i < x.pixels(); ++i) {
    const double difference = static_cast<double>(x.data[i * x.stride + c]) - mean;
    variance += difference * difference / count;
  }
  return {mean, variance};
}

template <class T>
struct Moments {
  std::vector<T> mean;
  std::vector<T> variance;

  Moments(TensorView<const T> x, int threads)
      : mean(static_cast<std::size_t>(x.shape.channels)), variance(mean.size()) {
    Buffer<T> scratch(kernels::batch_moments_scratch<T>(x.batch, x.shape.channels));
    kernels::batch_moments<T>(Team(threads), x, scratch.data(), {mean.data(), variance.data()});
  }
};

/// The moments of `channels` channels from channel `first` on of a tensor that has two more.
template <class T>
void check_moments(Index batch, Index channels, Index first) {
  const auto whole = random_tensor<T>(batch, {3, 5, channels + 2}, 1);
  const auto x = whole.view().channels(first, channels);
  const Moments<T> moments(x, 2);
  // Sums of n standard normal values, each rounded less than n times, and divided by n; the variance is a sum of
  // squares of about one each.
  const double tolerance = static_cast<double>(batch * 15) * static_cast<double>(std::numeric_limits<T>::epsilon());
  for (Index c = 0; c < channels; ++c) {
    const auto [mean, variance] = moments_of(x, c);
    CAPTURE(channels, batch, c);
    REQUIRE(moments.mean[static_cast<std::size_t>(c)] == Approx(mean).epsilon(0).margin(tolerance));
    REQUIRE(moments.variance[static_cast<std::size_t>(c)] == Approx(variance).epsilon(tolerance));
  }
}

}  // namespace

TEMPLATE_TEST_CASE("moments: mean and biased variance are the definition's, of slices too", "", float, double) {
  for (const Index batch : {1, 2, 33, 70})
    for (const Index channels : {1, 3, 8, 13, 32, 67, 136})
      for (const Index first : {0, 1}) check_moments<TestType>(batch, channels, first);
}

TEST_CASE("moments: the variance survives a mean ten thousand times the deviation") {
  // float holds 1000 +- 0.1 to 6e-5. A mean that is wrong by a few of those adds their square, 1e-8 or so, to the
  // variance of 0.01. The mean of squares minus the square of the mean would be wrong by 6e-8 of 1e6, six times 0.01.
  auto x = random_tensor<float>(20, {8, 8, 72}, 1);
  for (Index i = 0; i < x.size(); ++i) x[i] = 1000 + 0.1F * x[i];
  const TensorView<const float> view = x.view();
  const Moments<float> moments(view, 1);
  for (Index c = 0; c < 72; ++c) {
    const auto [mean, variance] = moments_of(view, c);
    CHECK(moments.mean[static_cast<std::size_t>(c)] == Approx(mean).epsilon(5 * 0x1p-23));
    CHECK(moments.variance[static_cast<std::size_t>(c)] == Approx(variance).epsilon(1e-4));
  }
}

TEST_CASE("moments: a NaN stays in its channel") {
  for (const Index channel : {0, 70}) {
    auto x = random_tensor<float>(2, {4, 4, 71}, 1);
    x[71 * 20 + channel] = std::numeric_limits<float>::quiet_NaN();
    const Moments<float> moments(x.view(), 2);
    for (Index c = 0; c < 71; ++c) {
      REQUIRE(std::isnan(moments.mean[static_cast<std::size_t>(c)]) == (c == channel));
      REQUIRE(std::isnan(moments.variance[static_cast<std::size_t>(c)]) == (c == channel));
    }
  }
}

TEST_CASE("moments: the same bits on any number of threads, and for a slice as for the tensor it is of") {
  const auto x = random_tensor<float>(50, {4, 4, 40}, 1);
  const Moments<float> alone(x.view(), 1);
  for (const int threads : {2, 3}) {
    const Moments<float> shared(x.view(), threads);
    CHECK(shared.mean == alone.mean);
    CHECK(shared.variance == alone.variance);
  }
  const Moments<float> slice(x.view().channels(32, 8), 1);
  CHECK(slice.mean == std::vector<float>(alone.mean.begin() + 32, alone.mean.end()));
}

TEST_CASE("moments: pixels that are added in pieces have the moments of all") {
  const auto x = random_tensor<double>(1, {10, 30, 21}, 1);
  std::vector<double> all(static_cast<std::size_t>(kernels::moments_size<double>(21)));
  std::vector<double> pieces(all.size());
  kernels::MomentAccumulator<double>(21, all.data()).add(300, x.data(), 21);
  kernels::MomentAccumulator<double> accumulator(21, pieces.data());
  for (const auto& [begin, end] : {std::pair<Index, Index>{0, 1}, {1, 130}, {130, 300}}) {
    accumulator.add(end - begin, x.data() + begin * 21, 21);
  }
  for (std::size_t i = 0; i < 42; ++i) CHECK(pieces[i] == Approx(all[i]).epsilon(300 * 0x1p-52).margin(300 * 0x1p-52));
}
