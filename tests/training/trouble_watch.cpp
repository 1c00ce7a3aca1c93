#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <lamina/training/trouble_watch.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// Stands for a Trainer: the evidence of a training in its first epoch.
struct Training {
  [[nodiscard]] TrainingEvidence evidence() const { return {.epoch = 1, .step = step}; }
  Index step = 0;
};

/// Watches an epoch of so many batches whose trouble is `kind_at` its steps, empty for none, and notes what is told.
template <class KindAt>
std::vector<std::string> told(Index steps, const KindAt& kind_at, Index epoch = 1) {
  Training training;
  std::vector<std::string> told;
  TroubleWatch watch(
      training,
      [&](const TrainingEvidence& evidence) -> std::optional<Trouble> {
        const std::string kind = kind_at(evidence.step);
        return kind.empty() ? std::nullopt : std::optional(Trouble{.kind = kind, .text = "evidence"});
      },
      [&](const Trouble& trouble) {
        told.push_back(trouble.kind + " since " + std::to_string(trouble.step) + ", told at " +
                       std::to_string(training.step));
      });
  for (training.step = 1; training.step <= steps; ++training.step) {
    watch.on_step({.epoch = epoch, .step = training.step, .steps = steps});
  }
  training.step = steps;
  watch.on_epoch({.epoch = epoch, .evidence = {.epoch = epoch, .step = steps}});
  CHECK(watch.trouble().has_value() == !told.empty());
  return told;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("trouble watch: what two looks show is told once, from the first of them on") {
  CHECK(told(475, [](Index) { return "vanishing"; }) == Texts{"vanishing since 10, told at 20"});
  CHECK(told(475, [](Index step) { return step >= 30 ? "dead" : ""; }) == Texts{"dead since 40, told at 80"});
  CHECK(told(100, [](Index step) { return step >= 70 ? "dead" : ""; }) == Texts{"dead since 80, told at 100"});
}

TEST_CASE("trouble watch: what passes, changes or is not there is not told") {
  CHECK(told(475, [](Index) { return ""; }).empty());
  CHECK(told(475, [](Index step) { return step == 20 ? "vanishing" : ""; }).empty());
  CHECK(told(35, [](Index step) { return step <= 10 ? "vanishing" : step <= 20 ? "exploding" : "uneven"; }).empty());
  CHECK(told(
            475, [](Index) { return "vanishing"; }, 2)
            .empty());
}

TEST_CASE("trouble watch: the end of an epoch of ten batches or fewer is judged by itself") {
  CHECK(told(10, [](Index) { return "vanishing"; }) == Texts{"vanishing since 10, told at 10"});
  CHECK(told(3, [](Index) { return "vanishing"; }) == Texts{"vanishing since 3, told at 3"});
  CHECK(told(11, [](Index step) { return step == 11 ? "vanishing" : ""; }).empty());
}

TEST_CASE("trouble watch: gradient flow in words is its kind and the evidence") {
  CHECK_FALSE(flow_trouble({}).has_value());
  TrainingEvidence evidence;
  evidence.gradient_flow = {{.name = "0.weight", .kind = "conv", .mean_abs = 1e-9},
                            {.name = "1.weight", .kind = "conv", .mean_abs = 1e-3}};
  const std::optional<Trouble> trouble = flow_trouble(evidence);
  REQUIRE(trouble.has_value());
  CHECK(trouble->kind == "vanishing");
  CHECK_THAT(trouble->text, ContainsSubstring("mean |gradient| 1.0e-09 in conv 0.weight against 1.0e-03"));
  CHECK(trouble->text.starts_with("mean"));
  evidence.gradient_flow.front().mean_abs = 1e-3;
  CHECK_FALSE(flow_trouble(evidence).has_value());
}
