#include <cmath>

#include <lamina/schedules/constant_schedule.hpp>

#include "../catch.hpp"
#include "schedule_checks.hpp"

using namespace lamina;

TEST_CASE("constant schedule: never changes") {
  test::check_follows_pytorch("constant", ConstantSchedule(0.01));
  CHECK(ConstantSchedule(0.3)(1'000'000) == 0.3);
}

TEST_CASE("constant schedule: refuses a negative or non-finite learning rate") {
  CHECK_THROWS_AS(ConstantSchedule(-1), ArgumentError);
  CHECK_THROWS_WITH(ConstantSchedule(-1),
                    ContainsSubstring("the learning rate must be finite and not negative, got -1"));
  CHECK_THROWS_WITH(ConstantSchedule(std::nan("")), ContainsSubstring("got nan"));
}
