#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <vector>

#include <lamina/data/shuffle.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

std::vector<Index> shuffled(std::size_t size, std::uint64_t seed) {
  std::vector<Index> indices(size);
  std::iota(indices.begin(), indices.end(), Index{0});
  shuffle(indices, RandomStream(seed, RandomPurpose::test));
  return indices;
}

}  // namespace

TEST_CASE("shuffle: every index stays, and the order is set by the stream") {
  const std::size_t size = GENERATE(0U, 1U, 2U, 1000U);
  auto indices = shuffled(size, 1);
  CHECK(indices == shuffled(size, 1));
  if (size == 1000) CHECK(indices != shuffled(size, 2));
  std::ranges::sort(indices);
  for (std::size_t i = 0; i < size; ++i) REQUIRE(indices[i] == static_cast<Index>(i));
}

TEST_CASE("shuffle: all orders are equally likely") {
  constexpr int kDraws = 60'000;
  std::array<int, 64> counts{};  // orders of four, written in base 4 without the last
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
    const auto order = shuffled(4, seed);
    ++counts[static_cast<std::size_t>(order[0] * 16 + order[1] * 4 + order[2])];
  }
  // 24 orders of 2500 draws each; a binomial count has a standard deviation of 49, and 5 of them leave a chance of
  // about 1e-5 for any of 24 to fail; the seeds are fixed, so it fails always or never.
  int orders = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    ++orders;
    CHECK(std::abs(count - 2500) < 245);
  }
  CHECK(orders == 24);
}
