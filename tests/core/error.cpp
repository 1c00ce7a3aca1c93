#include <lamina/core/error.hpp>

#include "../catch.hpp"

using namespace lamina;

TEST_CASE("error: a file's error begins with its path") {
  CHECK_THROWS_WITH(throw FileError("data/train.bin", "cut off at byte 12"), "data/train.bin: cut off at byte 12");
}

TEST_CASE("error: every exception of the library is an Error") {
  CHECK_THROWS_AS(throw ArgumentError("a"), Error);
  CHECK_THROWS_AS(throw FileError("a", "b"), Error);
  CHECK_THROWS_AS(throw NonFiniteError("a"), Error);
}

TEST_CASE("error: a requirement that holds throws nothing") {
  CHECK_NOTHROW(require(true, "unused"));
  CHECK_THROWS_WITH(require(false, "the reason"), "the reason");
}
