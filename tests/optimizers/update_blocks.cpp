#include <algorithm>
#include <cmath>
#include <vector>

#include <lamina/core/buffer.hpp>
#include <lamina/core/random.hpp>
#include <lamina/optimizers/update_blocks.hpp>

#include "../catch.hpp"

using namespace lamina;

TEMPLATE_TEST_CASE("update blocks: each value is updated once, and none beyond the end", "", float, double) {
  const auto increment = [](auto&& values, const auto& by) { values += by; };
  for (std::size_t size = 0; size < 300; ++size) {
    std::vector<TestType> values(size + 1, 1);
    const std::vector<TestType> by(size + 1, 2);
    update_blocks(Team(2), static_cast<Index>(size), increment, values.data(), by.data());
    std::vector<TestType> expected(size + 1, 3);
    expected.back() = 1;
    CHECK(values == expected);
  }
}

TEST_CASE("update blocks: the bits depend neither on the address nor on the length") {
  const auto root = [](auto&& values) { values = values.sqrt(); };
  Buffer<float> source(200);
  RandomStream random(1, RandomPurpose::test);
  for (float& value : source) value = static_cast<float>(random.uniform(0.1, 10));
  Buffer<float> expected = source;
  update_blocks(Team(1), expected.size(), root, expected.data());

  for (Index shift = 0; shift < 16; ++shift) {
    for (Index size = 1; size < 50; ++size) {
      CAPTURE(shift, size);
      Buffer<float> values(shift + size);
      std::copy_n(source.data(), size, values.data() + shift);
      update_blocks(Team(1), size, root, values.data() + shift);
      CHECK(std::equal(values.data() + shift, values.end(), expected.data()));
    }
  }
}
