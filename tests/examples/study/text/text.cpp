#include "study/text/text.hpp"

#include <cstdint>

#include "../../../catch.hpp"

using namespace study;

TEST_CASE("text: a number may have a sign, and must be the whole text") {
  CHECK(number_from<double>("1e-3") == 1e-3);
  CHECK(number_from<double>("+1e-3") == 1e-3);
  CHECK(number_from<double>("-2.5") == -2.5);
  CHECK(number_from<int>("+7") == 7);
  CHECK(number_from<std::uint64_t>("+18446744073709551615") == UINT64_MAX);
  for (const char* const text : {"", "+", "-", "+-1", "-+1", "++1", "+ 1", " 1", "1 ", "1,5", "1.5", "0x1"}) {
    CAPTURE(text);
    CHECK_FALSE(number_from<int>(text));
  }
}
