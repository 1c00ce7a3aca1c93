#include <cmath>
#include <string>
#include <vector>

#include <lamina/core/random.hpp>
#include <lamina/diagnostics/update_ratios.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/network/sequential.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// A weight of two pieces behind two small tensors.
using Net = Sequential<Image<1, 1, 3>, Linear<200>, Linear<200, LinearOptions{.bias = false}>>;

std::vector<float> values(std::uint32_t step) {
  RandomStream random(7, RandomPurpose::test, step);
  std::vector<float> drawn(static_cast<std::size_t>(Net::parameter_count));
  for (float& value : drawn) value = static_cast<float>(random.normal());
  return drawn;
}

double norm(std::span<const float> part, std::span<const float> minus = {}) {
  double squares = 0;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const double value = static_cast<double>(part[i]) - (minus.empty() ? 0 : static_cast<double>(minus[i]));
    squares += value * value;
  }
  return std::sqrt(squares);
}

void add(UpdateRatios<float>& updates, const std::vector<float>& before, const std::vector<float>& after,
         int threads = 1) {
  updates.before(before, Team(threads));
  updates.after(after, Team(threads));
}

}  // namespace

TEST_CASE("update ratios: are the mean length of the steps over that of the weights, tensor by tensor") {
  UpdateRatios<float> updates(Net::parameters);
  const auto first = values(0);
  const auto second = values(1);
  const auto third = values(2);
  add(updates, first, second);
  add(updates, second, third);
  const auto ratios = updates.average();
  REQUIRE(ratios.size() == Net::parameters.size());
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    const Segment& tensor = Net::parameters[i];
    const auto part = [&](const std::vector<float>& all) {
      return std::span(all).subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(tensor.size()));
    };
    const double moved = norm(part(second), part(first)) + norm(part(third), part(second));
    // The difference of two floats is rounded once.
    CHECK(ratios[i].ratio == Approx(moved / (norm(part(second)) + norm(part(third)))).epsilon(1e-6));
    CHECK(ratios[i].name.view() == tensor.name.view());
    CHECK(ratios[i].kind == "linear");
    CHECK(ratios[i].is_weight == (tensor.rank == 2));
  }
}

TEST_CASE("update ratios: a tensor that does not move has 0, one that leaves zero has 1") {
  UpdateRatios<float> updates(Net::parameters);
  std::vector<float> before = values(0);
  std::fill_n(before.begin() + 600, 200, 0.0F);  // the bias
  std::vector<float> after = before;
  std::fill_n(after.begin() + 600, 200, 0.1F);
  add(updates, before, after);
  const auto ratios = updates.average();
  CHECK(ratios[0].ratio == 0);
  CHECK(ratios[1].ratio == 1);
  CHECK(ratios[2].ratio == 0);
  UpdateRatios<float> still(Net::parameters);
  add(still, std::vector<float>(before.size()), std::vector<float>(before.size()));
  CHECK(still.average()[0].ratio == 0);
}

TEST_CASE("update ratios: have the same bits on any number of threads, and go on from the sums of others") {
  UpdateRatios<float> alone(Net::parameters);
  add(alone, values(0), values(1));
  add(alone, values(1), values(3));
  UpdateRatios<float> before(Net::parameters);
  add(before, values(0), values(1), 3);
  UpdateRatios<float> after(Net::parameters);
  add(after, values(5), values(6));
  after.restore(before.sums());
  add(after, values(1), values(3), 2);
  CHECK(after.sums() == alone.sums());
  after.reset();
  CHECK(after.average().empty());
  CHECK(after.sums() == UpdateRatios<float>(Net::parameters).sums());
}

TEST_CASE("update ratios: refuse what is not of the network") {
  UpdateRatios<float> updates(Net::parameters);
  CHECK_THROWS_WITH(updates.before(std::vector<float>(3), Team(1)), "update ratios take 40800 parameters, got 3");
  CHECK_THROWS_WITH(updates.after(std::vector<float>(3), Team(1)), "update ratios take 40800 parameters, got 3");
  CHECK_THROWS_WITH(updates.restore(std::vector<double>(3)), "update ratios take 7 sums, got 3");
}
