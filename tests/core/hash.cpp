#include <lamina/core/hash.hpp>

#include "../catch.hpp"

using namespace lamina;

TEST_CASE("hash: is FNV-1a") {
  // From http://www.isthe.com/chongo/tech/comp/fnv/: nothing, "a" and "foobar".
  const auto of = [](const std::string& text) {
    Hash hash;
    for (const char character : text) hash.add(static_cast<unsigned char>(character));
    return hexadecimal(hash.value());
  };
  CHECK(of("") == "cbf29ce484222325");
  CHECK(of("a") == "af63dc4c8601ec8c");
  CHECK(of("foobar") == "85944171f73967e8");
}

TEST_CASE("hash: hexadecimal digits keep their leading zeros") {
  CHECK(hexadecimal(0) == "0000000000000000");
  CHECK(hexadecimal(0xFEDCBA9876543210U) == "fedcba9876543210");
}
