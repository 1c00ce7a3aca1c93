#include <lamina/optimizers/sgd.hpp>

#include "../catch.hpp"
#include "optimizer_checks.hpp"

using namespace lamina;

namespace {

template <class T>
auto make(SgdOptions options) {
  return [options](Index parameters) { return Sgd<T>(parameters, options); };
}

constexpr SgdOptions kEverything{.momentum = 0.9, .nesterov = true, .weight_decay = 0.1};

}  // namespace

TEMPLATE_TEST_CASE("sgd: twenty steps follow PyTorch", "", float, double) {
  test::check_follows_pytorch("sgd", make<TestType>({}));
  test::check_follows_pytorch("sgd_momentum", make<TestType>({.momentum = 0.9}));
  test::check_follows_pytorch("sgd_nesterov", make<TestType>({.momentum = 0.9, .nesterov = true}));
  test::check_follows_pytorch("sgd_weight_decay", make<TestType>({.momentum = 0.9, .weight_decay = 0.1}));
  test::check_follows_pytorch("sgd_nesterov_weight_decay", make<TestType>(kEverything));
  test::check_follows_pytorch("sgd_plain_weight_decay", make<TestType>({.weight_decay = 0.1}));
}

TEST_CASE("sgd: the same bits on any number of threads") {
  test::check_same_bits_on_any_team(make<float>({}));
  test::check_same_bits_on_any_team(make<float>(kEverything));
}

TEST_CASE("sgd: continues from its saved state as if it had not stopped") {
  test::check_continues_from_state(make<float>({}));
  test::check_continues_from_state(make<float>(kEverything));
}

TEST_CASE("sgd: keeps a velocity only with momentum") {
  CHECK(Sgd<float>(10).state().empty());
  CHECK(Sgd<float>(10, {.momentum = 0.9}).state().size() == 10);
}

TEST_CASE("sgd: refuses what it cannot use") {
  test::check_refuses_bad_steps(Sgd<float>(3));
  test::check_refuses_bad_steps(Sgd<double>(3, kEverything));
  CHECK_THROWS_AS(Sgd<float>(3, {.momentum = -0.1}), ArgumentError);
  CHECK_THROWS_WITH(Sgd<float>(3, {.momentum = -0.1}), ContainsSubstring("momentum must be in [0, 1), got -0.1"));
  CHECK_THROWS_WITH(Sgd<float>(3, {.momentum = 1}), ContainsSubstring("momentum must be in [0, 1), got 1"));
  CHECK_THROWS_WITH(Sgd<float>(3, {.weight_decay = -1e-4}), ContainsSubstring("weight decay"));
  CHECK_THROWS_WITH(Sgd<float>(3, {.nesterov = true}), ContainsSubstring("Nesterov"));
  CHECK_THROWS_WITH(Sgd<float>(-1), ContainsSubstring("the number of parameters"));
}
