#include <array>
#include <vector>

#include <lamina/core/random.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

using Words = std::array<std::uint32_t, 4>;

std::vector<std::uint32_t> draw(RandomStream random, std::size_t count) {
  std::vector<std::uint32_t> words(count);
  for (auto& word : words) word = random.bits();
  return words;
}

}  // namespace

TEST_CASE("philox: gives the known answers of Random123") {
  // kat_vectors of Random123 (Salmon et al.), philox4x32 with 10 rounds.
  CHECK(philox({0, 0, 0, 0}, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffffffffffff) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  static_assert(philox({0, 0, 0, 0}, 0)[0] == 0x6627e8d5);
}

TEST_CASE("random stream: is the generator at successive counters") {
  const auto words = draw(RandomStream(7, RandomPurpose::shuffle, 5, 3), 10);
  const auto purpose = static_cast<std::uint32_t>(RandomPurpose::shuffle);
  for (std::uint32_t i = 0; i < words.size(); ++i) CHECK(words[i] == philox({i / 4, 3, 5, purpose}, 7)[i % 4]);
}

TEST_CASE("random stream: seed, purpose, major and minor each give another stream, and equal ones the same") {
  const auto words = draw(RandomStream(1, RandomPurpose::test, 2, 3), 8);
  CHECK(words == draw(RandomStream(1, RandomPurpose::test, 2, 3), 8));
  CHECK(words != draw(RandomStream(9, RandomPurpose::test, 2, 3), 8));
  CHECK(words != draw(RandomStream(1, RandomPurpose::split, 2, 3), 8));
  CHECK(words != draw(RandomStream(1, RandomPurpose::test, 9, 3), 8));
  CHECK(words != draw(RandomStream(1, RandomPurpose::test, 2, 9), 8));
  CHECK(words != draw(RandomStream(1, RandomPurpose::test, 3, 2), 8));
  CHECK(words != draw(RandomStream(1 + (std::uint64_t{1} << 32), RandomPurpose::test, 2, 3), 8));
}

TEST_CASE("random stream: uniform numbers have the mean and variance of the uniform distribution") {
  RandomStream random(1, RandomPurpose::test);
  constexpr int count = 100'000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < count; ++i) {
    const double value = random.uniform();
    REQUIRE((value >= 0 && value < 1));
    REQUIRE(static_cast<double>(static_cast<float>(value)) == value);
    sum += value;
    squares += (value - 0.5) * (value - 0.5);
  }
  // Five standard errors: sqrt(1/12 / n) of the mean and sqrt(1/180 / n) of the variance.
  CHECK(sum / count == Approx(0.5).margin(5 * std::sqrt(1.0 / 12 / count)));
  CHECK(squares / count == Approx(1.0 / 12).margin(5 * std::sqrt(1.0 / 180 / count)));
}

TEST_CASE("random stream: normal numbers have the moments of the normal distribution") {
  RandomStream random(1, RandomPurpose::test);
  constexpr int count = 100'000;
  std::array<double, 4> moments{};
  for (int i = 0; i < count; ++i) {
    const double value = random.normal();
    REQUIRE(std::isfinite(value));
    for (std::size_t k = 0; k < moments.size(); ++k) moments[k] += std::pow(value, k + 1) / count;
  }
  // Five standard errors: the variances of x, x^2, x^3 and x^4 are 1, 2, 15 and 96.
  CHECK(moments[0] == Approx(0).margin(5 * std::sqrt(1.0 / count)));
  CHECK(moments[1] == Approx(1).margin(5 * std::sqrt(2.0 / count)));
  CHECK(moments[2] == Approx(0).margin(5 * std::sqrt(15.0 / count)));
  CHECK(moments[3] == Approx(3).margin(5 * std::sqrt(96.0 / count)));
}

TEST_CASE("random stream: draws below a bound reach every value equally often") {
  RandomStream random(1, RandomPurpose::test);
  std::array<int, 7> counts{};
  constexpr int draws = 70'000;
  for (int i = 0; i < draws; ++i) ++counts.at(random.below(counts.size()));
  // A count has a standard deviation of 93.
  for (const int count : counts) CHECK(std::abs(count - draws / 7) < 5 * 93);
  CHECK(random.below(1) == 0);
}
