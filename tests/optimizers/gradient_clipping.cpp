#include <cmath>
#include <limits>
#include <vector>

#include <lamina/optimizers/gradient_clipping.hpp>

#include "../catch.hpp"
#include "../reference/reference.hpp"

using namespace lamina;

TEST_CASE("gradient clipping: follows torch.nn.utils.clip_grad_norm_") {
  const auto cases = test::reference("optimizers.json")["clipping"];
  REQUIRE(cases.size() == 4);
  for (const auto& expected : cases) {
    auto gradients = test::numbers<double>(expected["before"]);
    const GradientClipping clip(expected["limit"].get<double>());
    clip(std::span(gradients), expected["norm"], Team(2));
    const auto after = test::numbers<double>(expected["after"]);
    for (std::size_t i = 0; i < after.size(); ++i) {
      CAPTURE(clip.limit().value(), i);
      CHECK(gradients[i] == Approx(after[i]).epsilon(1e-14).margin(0));
    }
  }
}

TEST_CASE("gradient clipping: leaves every bit of gradients within the limit") {
  const std::vector<float> before{3, -4, 1e-30F, -0.0F, std::numeric_limits<float>::denorm_min()};
  auto gradients = before;
  GradientClipping()(std::span(gradients), 1e30, Team(1));
  GradientClipping(5.1)(std::span(gradients), 5, Team(1));
  CHECK(gradients == before);
  CHECK(std::signbit(gradients[3]));
}

TEST_CASE("gradient clipping: shortens gradients near the end of float") {
  // The factor, 1e-8 / 1e38, is below the smallest float, the result is not.
  std::vector<float> gradients{1e38F, -1e38F};
  GradientClipping(1e-8)(std::span(gradients), std::sqrt(2.0) * 1e38, Team(1));
  CHECK(gradients[0] == Approx(1e-8 / std::sqrt(2.0)).epsilon(1e-6));
  CHECK(gradients[1] == -gradients[0]);
}

TEST_CASE("gradient clipping: the same bits on any number of threads") {
  const auto clipped = [](int threads) {
    std::vector<float> gradients(1003);
    for (std::size_t i = 0; i < gradients.size(); ++i) gradients[i] = 0.1F * static_cast<float>(i) - 7;
    GradientClipping(0.3)(std::span(gradients), 1234.5, Team(threads));
    return gradients;
  };
  CHECK(clipped(2) == clipped(1));
  CHECK(clipped(4) == clipped(1));
}

TEST_CASE("gradient clipping: refuses a limit that is not positive and finite") {
  CHECK_FALSE(GradientClipping().limit());
  CHECK_THROWS_AS(GradientClipping(0), ArgumentError);
  CHECK_THROWS_WITH(GradientClipping(0), "the limit of the gradients' norm must be positive and finite, got 0");
  CHECK_THROWS_WITH(GradientClipping(-1), ContainsSubstring("got -1"));
  CHECK_THROWS_WITH(GradientClipping(HUGE_VAL), ContainsSubstring("got inf"));
  CHECK_THROWS_WITH(GradientClipping(std::nan("")), ContainsSubstring("got nan"));
}
