#include <lamina/schedules/learning_rate.hpp>
#include <lamina/schedules/one_cycle.hpp>

#include "../catch.hpp"
#include "schedule_checks.hpp"

using namespace lamina;

TEST_CASE("one cycle: follows PyTorch's OneCycleLR") {
  const auto cases = test::reference("recipes.json")["one_cycle"];
  const auto check = [&](const std::string& name, const OneCycleOptions& options) {
    const auto trace = test::numbers<double>(cases[name]["trace"]);
    const OneCycle schedule(0.4, std::ssize(trace), options);
    for (std::size_t t = 0; t < trace.size(); ++t) {
      CAPTURE(name, t);
      // In falling to a ten thousandth of the first rate, what is left of the highest cancels.
      CHECK(schedule(static_cast<Index>(t)) == Approx(trace[t]).epsilon(1e-12).margin(0.4 * 0x1p-52));
    }
  };
  check("default", {});
  check("other", {.rising = 0.45, .start = 1.0 / 10, .end = 1.0 / 100});
}

TEST_CASE("one cycle: behind its last step the rate stays") {
  const OneCycle schedule(0.4, 50);
  CHECK(schedule(50) == schedule(49));
  CHECK(schedule(1000) == schedule(49));
}

TEST_CASE("one cycle: refuses what it cannot use") {
  CHECK_THROWS_WITH(OneCycle(-1, 50), ContainsSubstring("the learning rate must be finite and not negative, got -1"));
  CHECK_THROWS_WITH(OneCycle(1, 3), "the number of steps of a cycle must be enough to rise and fall, got 3");
  CHECK_THROWS_WITH(OneCycle(1, 50, {.rising = 1}), "the rising share of a cycle must be in (0, 1), got 1");
  CHECK_THROWS_WITH(OneCycle(1, 50, {.start = 0}), "the start of a cycle must be in (0, 1], got 0");
  CHECK_THROWS_WITH(OneCycle(1, 50, {.end = 2}), "the end of a cycle must be in (0, 1], got 2");
}

TEST_CASE("learning rate: is of epochs, or of steps where that is said") {
  const auto rule = [](Index position) { return static_cast<double>(position); };
  CHECK(LearningRate(rule)(3, 17) == 3);
  CHECK(LearningRate::of_steps(rule)(3, 17) == 17);
  const OneCycle schedule(0.4, 50);
  CHECK(LearningRate(schedule).description() == schedule.description());
  CHECK(LearningRate::of_steps(schedule).description() == schedule.description() + " of steps");
  CHECK(LearningRate::of_steps(rule).description() == LearningRate(rule).description());
}
