#include <lamina/schedules/step_decay.hpp>

#include "../catch.hpp"
#include "schedule_checks.hpp"

using namespace lamina;

TEST_CASE("step decay: follows PyTorch's StepLR") { test::check_follows_pytorch("step", StepDecay(0.01, 0.3, 6)); }

TEST_CASE("step decay: refuses what it cannot use") {
  CHECK_THROWS_AS(StepDecay(-0.1, 0.5, 10), ArgumentError);
  CHECK_THROWS_WITH(StepDecay(-0.1, 0.5, 10), ContainsSubstring("the learning rate"));
  CHECK_THROWS_WITH(StepDecay(0.1, -0.5, 10), ContainsSubstring("the factor of step decay"));
  CHECK_THROWS_WITH(StepDecay(0.1, 0.5, 0), ContainsSubstring("the period of step decay must be positive, got 0"));
}
