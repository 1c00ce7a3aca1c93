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

TEST_CASE("segment: tensors with gaps between them, or of another array, are refused") {
  std::array tensors{Segment{.name = "a", .dims = {3}}, Segment{.name = "b", .dims = {2, 2}, .rank = 2, .offset = 3}};
  CHECK_NOTHROW(require_consecutive(tensors, 7));
  CHECK_THROWS_WITH(require_consecutive(tensors, 8), "the tensors have 7 values, the flat array has 8");
  tensors[1].offset = 4;
  CHECK_THROWS_WITH(require_consecutive(tensors, 8), "tensor 'b' must begin at value 3 of the flat array, got 4");
}
