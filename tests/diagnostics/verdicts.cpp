#include <limits>
#include <vector>

#include <lamina/diagnostics/data_verdict.hpp>
#include <lamina/diagnostics/network_verdict.hpp>
#include <lamina/diagnostics/training_verdict.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// A training that goes well.
TrainingEvidence learning() {
  TrainingEvidence evidence{.epoch = 1, .step = 10, .learning_rate = 1e-3};
  for (const char* const name : {"0.weight", "2.weight", "4.weight"}) {
    evidence.updates.push_back({.name = name, .kind = "conv", .ratio = 1e-3});
    evidence.gradient_flow.push_back({.name = name, .kind = "conv", .mean_abs = 1e-4});
  }
  for (int i = 0; i < 10; ++i) evidence.losses.push_back(4.6 - 0.1 * i);
  return evidence;
}

/// Images as they should be.
DataEvidence usual_data() {
  return {.images = 1000,
          .classes = 10,
          .channels = {{.mean = 0.1, .deviation = 0.9}, {.mean = -0.2, .deviation = 1.1}},
          .largest_class = 0.1,
          .label_information = 20,
          .label_information_measured = true};
}

template <class Evidence>
Cause root(const Evidence& evidence) {
  const Diagnosis diagnosis = diagnose(evidence);
  REQUIRE_FALSE(diagnosis.healthy());
  return diagnosis.findings.front().cause;
}

}  // namespace

TEST_CASE("training verdict: nothing is found in a training that goes well, nor in one of which nothing is known") {
  CHECK(diagnose(learning()).healthy());
  CHECK(diagnose(TrainingEvidence{}).healthy());
}

TEST_CASE("training verdict: a tensor that stays is named, unless it has no gradient") {
  TrainingEvidence evidence = learning();
  evidence.updates[1].ratio = 0;
  CHECK(root(evidence) == Cause::not_updated);
  CHECK(diagnose(evidence).findings.front().where == "conv 2.weight");
  evidence.gradient_flow[1].mean_abs = 0;
  for (const Finding& finding : diagnose(evidence).findings) CHECK(finding.cause != Cause::not_updated);
}

TEST_CASE("training verdict: a loss that runs away, even if it comes back, means too high a rate") {
  TrainingEvidence evidence = learning();
  evidence.losses[4] = 40;
  CHECK(root(evidence) == Cause::learning_rate_too_high);
  evidence.losses[4] = std::numeric_limits<double>::infinity();
  CHECK(root(evidence) == Cause::learning_rate_too_high);
  evidence.losses[4] = 6;  // no more than a slow start
  CHECK(diagnose(evidence).healthy());
}

TEST_CASE("training verdict: weights that hardly move mean too low a rate, unless gradients vanish") {
  TrainingEvidence evidence = learning();
  for (TensorUpdate& update : evidence.updates) update.ratio = 1e-7;
  CHECK(root(evidence) == Cause::learning_rate_too_low);
  evidence.gradient_flow.front().mean_abs = 1e-12;
  CHECK(root(evidence) == Cause::gain_too_small);
  CHECK(diagnose(evidence).findings.size() == 1);
}

TEST_CASE("training verdict: layers of dead and of saturated units are named") {
  TrainingEvidence evidence = learning();
  evidence.signals.push_back({.name = "1", .kind = "relu", .dead_share = 1});
  CHECK(root(evidence) == Cause::dead_units);
  CHECK(diagnose(evidence).findings.front().where == "relu 1");
  evidence.signals.front() = {.name = "1", .kind = "sigmoid", .saturated_share = 0.95};
  CHECK(root(evidence) == Cause::saturated_units);
}

TEST_CASE("data verdict: nothing is found in usual images, and each fault under its name") {
  CHECK(diagnose(usual_data()).healthy());
  DataEvidence data = usual_data();
  data.channels[1] = {.mean = 120, .deviation = 60};
  CHECK(root(data) == Cause::unnormalized_images);
  data = usual_data();
  data.channels[0] = {.mean = 0.5, .deviation = 0};
  CHECK(root(data) == Cause::constant_channel);
  data = usual_data();
  data.label_information = 0.8;
  CHECK(root(data) == Cause::unrelated_labels);
  data.largest_class = 0.97;
  CHECK(root(data) == Cause::single_class);
  data.finite = false;
  CHECK(root(data) == Cause::not_finite);
}

TEST_CASE("data evidence: labels that follow the images are told from shuffled ones") {
  Tensor<float> images(400, {4, 4, 2});
  std::vector<Label> labels(400);
  std::vector<Label> shuffled(400);
  RandomStream random(1, RandomPurpose::test);
  for (Index n = 0; n < 400; ++n) {
    const auto label = static_cast<Label>(random.below(8));
    labels[static_cast<std::size_t>(n)] = label;
    shuffled[static_cast<std::size_t>(n)] = static_cast<Label>(random.below(8));
    for (Index i = 0; i < 32; ++i)
      images.view().sample(n)[i] = static_cast<float>(random.normal() + (i % 8 == label ? 1 : 0));
  }
  CHECK(measure_data<float>(images.view(), labels, 8).label_information > 10);
  CHECK(measure_data<float>(images.view(), shuffled, 8).label_information < 3.5);
  labels[3] = 8;
  CHECK_THROWS_AS(measure_data<float>(images.view(), labels, 8), ArgumentError);
}
