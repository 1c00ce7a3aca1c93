#include <lamina/schedules/cosine_annealing.hpp>

#include "../catch.hpp"
#include "schedule_checks.hpp"

using namespace lamina;

TEST_CASE("cosine annealing: follows PyTorch's CosineAnnealingLR") {
  test::check_follows_pytorch("cosine", CosineAnnealing(0.01, 2e-5, 20));
}

TEST_CASE("cosine annealing: begins at the learning rate, ends at the minimum and stays there") {
  const CosineAnnealing schedule(1e-3, 2e-5, 100);
  CHECK(schedule(0) == Approx(1e-3).epsilon(1e-15));
  CHECK(schedule(50) == Approx((1e-3 + 2e-5) / 2).epsilon(1e-14));
  CHECK(schedule(100) == 2e-5);
  CHECK(schedule(101) == 2e-5);
  CHECK(schedule(200) == 2e-5);
}

TEST_CASE("cosine annealing: refuses what it cannot use") {
  CHECK_THROWS_AS(CosineAnnealing(-0.1, 0, 10), ArgumentError);
  CHECK_THROWS_WITH(CosineAnnealing(-0.1, 0, 10), ContainsSubstring("the learning rate"));
  CHECK_THROWS_WITH(CosineAnnealing(0.1, -0.1, 10), ContainsSubstring("the minimum learning rate"));
  CHECK_THROWS_WITH(CosineAnnealing(0.1, 0.2, 10), ContainsSubstring("at most the learning rate, got 0.2"));
  CHECK_THROWS_WITH(CosineAnnealing(0.1, 0, 0), ContainsSubstring("the period of cosine annealing"));
  CHECK_THROWS_WITH(CosineAnnealing(0.1, 0, -5), ContainsSubstring("must be positive, got -5"));
}
