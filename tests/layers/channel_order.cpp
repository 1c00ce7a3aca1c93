#include <vector>

#include <lamina/layers/channel_order.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

std::vector<Index> in_files(const ChannelOrder& order) {
  std::vector<Index> places;
  for (Index c = 0; c < order.size(); ++c) places.push_back(order.in_files(c));
  return places;
}

}  // namespace

TEST_CASE("channel order: files have a flattened image channel by channel, Lamina pixel by pixel") {
  CHECK(in_files(ChannelOrder::flattened({2, 1, 3})) == std::vector<Index>{0, 2, 4, 1, 3, 5});
  CHECK(in_files(ChannelOrder::same(3)) == std::vector<Index>{0, 1, 2});
}

TEST_CASE("channel order: is the same in files where an image has one pixel or one channel") {
  CHECK(ChannelOrder::same(3).is_same());
  CHECK(ChannelOrder::flattened({1, 1, 3}) == ChannelOrder::same(3));
  CHECK(ChannelOrder::flattened({2, 2, 1}) == ChannelOrder::same(4));
  CHECK_FALSE(ChannelOrder::flattened({2, 1, 2}).is_same());
}

TEST_CASE("channel order: values that are concatenated keep their orders") {
  ChannelOrder order = ChannelOrder::same(1);
  order.append(ChannelOrder::same(1));
  CHECK(order == ChannelOrder::same(2));
  order.append(ChannelOrder::flattened({2, 1, 2}));
  order.append(ChannelOrder::same(1));
  CHECK_FALSE(order.is_same());
  CHECK(in_files(order) == std::vector<Index>{0, 1, 2, 4, 3, 5, 6});
}
