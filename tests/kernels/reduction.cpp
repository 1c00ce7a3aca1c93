#include <array>
#include <vector>

#include <lamina/kernels/reduction.hpp>

#include "../catch.hpp"
#include "random_values.hpp"

using namespace lamina;
using test::random_buffer;

namespace {

template <class T, Index Channels>
void check_sum_channels(Index pixels) {
  const auto values = random_buffer<T>(pixels * Channels, 1);
  std::array<T, static_cast<std::size_t>(Channels)> sums;
  kernels::sum_channels<T, Channels>(
      pixels, [&]<Index Lanes>(Index, Index offset) { return kernels::load<T, Lanes>(values.data() + offset); },
      sums.data());
  for (Index c = 0; c < Channels; ++c) {
    test::Sum expected;
    for (Index pixel = 0; pixel < pixels; ++pixel) expected.add(values[pixel * Channels + c]);
    CAPTURE(Channels, pixels, c);
    REQUIRE(expected.agrees(sums[static_cast<std::size_t>(c)]));
  }
}

}  // namespace

TEMPLATE_TEST_CASE("reduction: sums over pixels are the plain loop's for every number of channels", "", float, double) {
  for (const Index pixels : {0, 1, 3, 4, 5, 8, 63}) {
    check_sum_channels<TestType, 1>(pixels);
    check_sum_channels<TestType, 3>(pixels);
    check_sum_channels<TestType, 5>(pixels);
    check_sum_channels<TestType, 8>(pixels);
    check_sum_channels<TestType, 19>(pixels);
    check_sum_channels<TestType, 32>(pixels);
  }
}

TEST_CASE("reduction: vectors cover each channel once") {
  for (Index channels = 0; channels <= 70; ++channels) {
    std::vector<int> covered(static_cast<std::size_t>(channels));
    kernels::for_channel_vectors<float>(channels, [&]<Index Lanes>(Index first) {
      for (Index c = first; c < first + Lanes; ++c) ++covered.at(static_cast<std::size_t>(c));
    });
    CHECK(covered == std::vector<int>(static_cast<std::size_t>(channels), 1));
  }
}

TEST_CASE("reduction: parts are added in order, the same on any team") {
  const Index parts = 5;
  const Index stride = 50;
  const Index size = 47;
  const auto partial = random_buffer<float>(parts * stride, 1);
  const int threads = GENERATE(1, 2, 4);
  std::vector<float> result(static_cast<std::size_t>(size), 99);
  kernels::sum_parts<float>(Team(threads), {partial.data(), parts, stride}, size, result.data());
  for (Index i = 0; i < size; ++i) {
    float sum = partial[i];
    for (Index part = 1; part < parts; ++part) sum += partial[part * stride + i];
    CHECK(result[static_cast<std::size_t>(i)] == sum);
  }
}
