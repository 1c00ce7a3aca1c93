#include <array>
#include <vector>

#include <lamina/optimizers/adam.hpp>
#include <lamina/optimizers/lamb.hpp>
#include <lamina/optimizers/parameter_rules.hpp>
#include <lamina/optimizers/sgd.hpp>

#include "../catch.hpp"
#include "optimizer_checks.hpp"

using namespace lamina;

namespace {

/// The tensors of recipes.json.
constexpr std::array kTensors{Segment{.name = "0.weight", .dims = {2, 3}, .rank = 2, .offset = 0},
                              Segment{.name = "0.bias", .dims = {2}, .offset = 6},
                              Segment{.name = "1.weight", .dims = {3, 1}, .rank = 2, .offset = 8},
                              Segment{.name = "2.weight", .dims = {4}, .offset = 11}};

ParameterRules rules() { return {no_weight_decay_on_vectors(), learning_rate_factor("1.", 0.25), frozen("2.")}; }

/// What an optimiser of a model sees of it.
struct SmallModel {
  using Scalar = float;
  static constexpr std::span<const Segment> parameter_tensors() { return kTensors; }
};

template <class O>
void check_follows_pytorch_groups(const std::string& name, O optimizer) {
  const auto file = test::reference("recipes.json")["groups"];
  const auto trace = file["traces"][name].template get<std::vector<std::vector<double>>>();
  auto parameters = test::numbers<double>(file["start"]);
  for (std::size_t t = 0; t < trace.size(); ++t) {
    const auto gradients = test::numbers<double>(file["gradients"][t]);
    optimizer.step(parameters, gradients, file["learning_rate"], Team(2));
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      CAPTURE(name, t, i);
      CHECK(parameters[i] == Approx(trace[t][i]).epsilon(1e-12).margin(1e-13));
    }
  }
}

/// A thousand values, some in tensors that a run cuts.
std::vector<Segment> many_tensors() {
  std::vector<Segment> tensors;
  Index offset = 0;
  for (const Index size : {Index{1}, Index{7}, Index{40000}, Index{3}, Index{8}, Index{70001}}) {
    const Name name = Name::numbered(tensors.size(), size % 2 == 0 ? "weight" : "bias");
    tensors.push_back({.name = name, .dims = {size, 1}, .rank = size % 2 == 0 ? 2U : 1U, .offset = offset});
    offset += size;
  }
  return tensors;
}

}  // namespace

TEST_CASE("parameter rules: weight decay, learning rates and frozen tensors follow PyTorch's parameter groups") {
  check_follows_pytorch_groups("adam", Adam<double>(kTensors, {.weight_decay = 0.1}, rules()));
  check_follows_pytorch_groups("adamw", AdamW<double>(kTensors, {.weight_decay = 0.1}, rules()));
  check_follows_pytorch_groups("sgd", Sgd<double>(kTensors, {.weight_decay = 0.1}, rules()));
  check_follows_pytorch_groups(
      "sgd_nesterov", Sgd<double>(kTensors, {.momentum = 0.9, .nesterov = true, .weight_decay = 0.1}, rules()));
}

TEST_CASE("parameter rules: LAMB has them, too") {
  const Index size = 15;
  const auto trained = [&](const ParameterRules& of) {
    test::Training training(Lamb<double>(kTensors, {.weight_decay = 0.1}, of), size);
    training.run(3, Team(2));
    return training.values();
  };
  const auto plain = trained({});
  const auto ruled = trained({learning_rate_factor("1.", 0.5), frozen("0.bias")});
  for (std::size_t i = 0; i < 15; ++i) {
    CAPTURE(i);
    if (i >= 6 && i < 8) {
      CHECK(ruled[i] == 1);
    } else {
      CHECK((ruled[i] == plain[i]) == (i < 8 || i >= 11));
    }
    CHECK(plain[i] != 1);
  }
}

TEST_CASE("parameter rules: those that change nothing change no bit, on any number of threads") {
  const std::vector<Segment> tensors = many_tensors();
  const Index size = tensors.back().offset + tensors.back().size();
  const auto trained = [&](const ParameterRules& of, int threads) {
    test::Training training(Adam<float>(tensors, {.weight_decay = 0.1}, of), size);
    training.run(3, Team(threads));
    return training.values();
  };
  const ParameterRule nothing{.name = "nothing", .applies = [](const Segment& tensor) { return tensor.rank == 1; }};
  const auto plain = trained({}, 1);
  CHECK(trained({nothing}, 2) == plain);
  const auto decayed = trained({no_weight_decay_on_vectors()}, 1);
  CHECK(decayed != plain);
  CHECK(trained({no_weight_decay_on_vectors()}, 2) == decayed);
  CHECK(trained({no_weight_decay_on_vectors()}, 3) == decayed);
}

TEST_CASE("parameter rules: a frozen tensor keeps its values and the optimiser's state") {
  test::Training training(Sgd<float>(kTensors, {.momentum = 0.9, .weight_decay = 0.1}, {frozen("0.")}), 15);
  training.run(4, Team(1));
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(training.values()[i] == 1);
    CHECK(training.optimizer().state()[i] == 0);
  }
  CHECK(training.values()[8] != 1);
}

TEST_CASE("parameter rules: an optimiser takes what it needs from a model") {
  const SmallModel model;
  CHECK(Adam(model).state().size() == 30);
  CHECK(AdamW(model, {.weight_decay = 0.1}).description() == AdamW<float>(15, {.weight_decay = 0.1}).description());
  CHECK(Sgd(model, {.momentum = 0.9}).state().size() == 15);
  CHECK(Lamb(model).state().size() == 30);
}

TEST_CASE("parameter rules: stand in the description, and other rules refuse the state") {
  const Adam<float> ruled(kTensors, {}, rules());
  CHECK_THAT(ruled.description(), ContainsSubstring("weight_decay 0) with rules [no weight decay on vectors("));
  Adam<float> plain(kTensors);
  CHECK_THROWS_WITH(plain.restore(state_of(ruled)), ContainsSubstring("is not one of Adam("));
  const auto of = [](std::string_view name) {
    return ParameterRule{.name = "rule",
                         .applies = [name](const Segment& tensor) { return tensor.name.view() == name; },
                         .learning_rate = 0.5};
  };
  Adam<float> other(kTensors, {}, {of("0.bias")});
  CHECK_THROWS_AS(other.restore(state_of(Adam<float>(kTensors, {}, {of("1.weight")}))), ArgumentError);
  CHECK_NOTHROW(other.restore(state_of(Adam<float>(kTensors, {}, {of("0.bias")}))));
}

TEST_CASE("parameter rules: refuse what they cannot use") {
  CHECK_THROWS_WITH(Adam<float>(kTensors, {}, {frozen("7.")}), "the rule 'frozen 7.' applies to no tensor");
  CHECK_THROWS_WITH(
      Adam<float>(kTensors, {}, {learning_rate_factor("0.", -1)}),
      "the learning rate factor of the rule 'learning rate of 0.' must be finite and not negative, got -1");
  CHECK_THROWS_WITH(Sgd<float>(kTensors, {}, {ParameterRule{.name = "none", .applies = {}}}),
                    "the rule 'none' does not say to which tensors it applies");
}
