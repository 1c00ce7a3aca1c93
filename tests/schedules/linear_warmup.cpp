#include <lamina/schedules/cosine_annealing.hpp>
#include <lamina/schedules/linear_warmup.hpp>
#include <lamina/schedules/step_decay.hpp>

#include "../catch.hpp"
#include "schedule_checks.hpp"

using namespace lamina;

TEST_CASE("linear warm-up: before cosine annealing, follows PyTorch's LinearLR then CosineAnnealingLR") {
  test::check_follows_pytorch("warmup_cosine", LinearWarmup(5, 0.1, CosineAnnealing(0.01, 2e-5, 15)));
}

TEST_CASE("linear warm-up: the other schedule runs unchanged after it") {
  const StepDecay next(0.4, 0.5, 3);
  const LinearWarmup schedule(4, 0.25, next);
  CHECK(schedule(0) == Approx(0.1).epsilon(1e-15));
  for (Index t = 0; t < 10; ++t) CHECK(schedule(4 + t) == next(t));
}

TEST_CASE("linear warm-up: goes in front of any schedule, another warm-up too") {
  const LinearWarmup schedule(2, 0.5, LinearWarmup(2, 0.5, ConstantSchedule(0.8)));
  CHECK(schedule(0) == Approx(0.2));
  CHECK(schedule(1) == Approx(0.3));
  CHECK(schedule(2) == Approx(0.4));
  CHECK(schedule(3) == Approx(0.6));
  CHECK(schedule(4) == 0.8);
}

TEST_CASE("linear warm-up: refuses what it cannot use") {
  const ConstantSchedule next(0.1);
  CHECK_THROWS_AS(LinearWarmup(0, 0.5, next), ArgumentError);
  CHECK_THROWS_WITH(LinearWarmup(0, 0.5, next), ContainsSubstring("the length of the warm-up must be positive, got 0"));
  CHECK_THROWS_WITH(LinearWarmup(5, 0.0, next), ContainsSubstring("the start of the warm-up must be in (0, 1], got 0"));
  CHECK_THROWS_WITH(LinearWarmup(5, 1.5, next), ContainsSubstring("got 1.5"));
}
