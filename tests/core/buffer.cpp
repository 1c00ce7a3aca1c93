#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <lamina/core/buffer.hpp>

#include "../catch.hpp"

using namespace lamina;

TEMPLATE_TEST_CASE("buffer: begins on a cache line and with zeros", "", float, double, std::int32_t) {
  const Index size = GENERATE(0, 1, 15, 16, 17, 1000);
  const Buffer<TestType> buffer(size);
  CHECK(buffer.size() == size);
  CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
  CHECK(std::all_of(buffer.begin(), buffer.end(), [](TestType value) { return value == 0; }));
  CHECK(std::ssize(buffer.span()) == size);
}

TEST_CASE("buffer: a copy is independent") {
  Buffer<float> original(3);
  original.fill(1);
  Buffer<float> copy = original;
  copy[1] = 5;
  CHECK(original[1] == 1);
  original[0] = 7;
  CHECK(copy[0] == 1);
}

TEST_CASE("buffer: a move takes the memory and leaves nothing") {
  Buffer<float> original(3);
  const float* const memory = original.data();
  Buffer<float> moved = std::move(original);
  CHECK(moved.data() == memory);
  CHECK(moved.size() == 3);
  CHECK(original.size() == 0);                // NOLINT(bugprone-use-after-move): what a moved-from buffer promises
  CHECK(original.begin() == original.end());  // NOLINT(bugprone-use-after-move)
  static_assert(std::is_nothrow_move_constructible_v<Buffer<float>>);
}

TEST_CASE("buffer: can be assigned, also to itself") {
  Buffer<float> first(2);
  first.fill(1);
  Buffer<float> second(5);
  second = first;
  CHECK(second.size() == 2);
  CHECK(second[1] == 1);
  const Buffer<float>& same = second;
  second = same;
  CHECK(second.size() == 2);
  CHECK(second[1] == 1);
  second = Buffer<float>(4);
  CHECK(second.size() == 4);
  CHECK(second[0] == 0);
}

TEST_CASE("buffer: of nothing can be copied and moved") {
  const Buffer<float> nothing;
  Buffer<float> copy = nothing;
  CHECK(copy.size() == 0);
  copy = Buffer<float>();
  CHECK(copy.span().empty());
}

TEST_CASE("buffer: a negative size is refused") {
  CHECK_THROWS_WITH(Buffer<float>(-1), "a buffer of -1 values cannot be made");
}
