#include <vector>

#include <lamina/kernels/batch_norm.hpp>

#include "../catch.hpp"

using namespace lamina;

TEST_CASE("batch norm: running statistics move by the momentum, the variance towards the unbiased one") {
  const std::vector<double> mean{2, -4};
  const std::vector<double> variance{9, 1};
  std::vector<double> running{1, 1, 1, 1};
  kernels::update_running_statistics(Index{2}, Index{10}, 0.25, mean.data(), variance.data(), running.data());
  CHECK(running[0] == Approx(0.75 * 1 + 0.25 * 2));
  CHECK(running[1] == Approx(0.75 * 1 + 0.25 * -4));
  CHECK(running[2] == Approx(0.75 * 1 + 0.25 * 9 * 10 / 9));
  CHECK(running[3] == Approx(0.75 * 1 + 0.25 * 1 * 10 / 9));
}

TEST_CASE("batch norm: of one value there is no variance, and running statistics stay finite") {
  const double mean = 3;
  const double variance = 0;
  std::vector<double> running{0, 1};
  kernels::update_running_statistics(Index{1}, Index{1}, 0.1, &mean, &variance, running.data());
  CHECK(running[0] == Approx(0.3));
  CHECK(running[1] == Approx(0.9));
}
