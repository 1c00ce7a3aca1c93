#include <array>

#include <lamina/layers/segment.hpp>

#include "../catch.hpp"

using namespace lamina;

TEST_CASE("name: is put together at compile time") {
  constexpr Name name = Name::numbered(120, "weight");
  STATIC_REQUIRE(name.view() == "120.weight");
  STATIC_REQUIRE(Name::numbered(0, "bias").view() == "0.bias");
  STATIC_REQUIRE(Name("branch.").append(Name::numbered(4, "weight")).view() == "branch.4.weight");
  STATIC_REQUIRE(Name().view().empty());
  SUCCEED();
}

TEST_CASE("segment: its size is the product of its dimensions") {
  constexpr Segment weight{.name = "weight", .dims = {3, 3, 16, 32}, .rank = 4};
  constexpr Segment bias{.name = "bias", .dims = {32}};
  STATIC_REQUIRE(weight.size() == 4608);
  STATIC_REQUIRE(bias.size() == 32);
  STATIC_REQUIRE(total_size(std::array{weight, bias}) == 4640);
  STATIC_REQUIRE(total_size(std::array<Segment, 0>{}) == 0);
  SUCCEED();
}
