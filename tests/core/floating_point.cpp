#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include <lamina/core/floating_point.hpp>
#include <lamina/core/team.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/sequential.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// Whether this thread keeps subnormal numbers: half of the smallest normal float is one.
bool keeps_subnormals() {
  volatile float smallest = std::numeric_limits<float>::min();
  const volatile float half = smallest / 2;
  return half != 0;
}

/// Whether each of the threads of a team keeps them. The tasks wait for each other, so that no thread does two.
std::vector<bool> team_keeps_subnormals(const Team& team) {
  std::vector<char> keeps(static_cast<std::size_t>(team.threads()));
  std::atomic<int> begun = 0;
  team.for_each(team.threads(), [&](Index, Index thread) {
    for (++begun; begun < team.threads();) std::this_thread::yield();
    keeps[static_cast<std::size_t>(thread)] = static_cast<char>(keeps_subnormals());
  });
  return {keeps.begin(), keeps.end()};
}

}  // namespace

TEST_CASE("floating point: subnormals are flushed within the scope and the caller's mode is back after it") {
  if (floating_point_mode() == flushing(floating_point_mode())) {
    WARN("skipped: this processor's floating-point mode is not known");
    return;
  }
  const auto before = floating_point_mode();
  CHECK(keeps_subnormals());
  {
    const FlushSubnormals scope;
    CHECK_FALSE(keeps_subnormals());
  }
  CHECK(keeps_subnormals());
  CHECK(floating_point_mode() == before);
}

TEST_CASE("floating point: the mode is restored when the scope is left by an exception") {
  const auto before = floating_point_mode();
  try {
    const FlushSubnormals scope;
    throw Error("out");
  } catch (const Error&) {
  }
  CHECK(floating_point_mode() == before);
}

TEST_CASE("floating point: a caller who flushes already goes on flushing") {
  const FlushSubnormals outer;
  const bool flushed = keeps_subnormals();
  { const FlushSubnormals inner; }
  CHECK(keeps_subnormals() == flushed);
}

TEST_CASE("floating point: the whole team works in the caller's mode, and only while the caller does") {
  if (floating_point_mode() == flushing(floating_point_mode())) {
    WARN("skipped: this processor's floating-point mode is not known");
    return;
  }
  const Team team(4);
  CHECK(team_keeps_subnormals(team) == std::vector<bool>(4, true));
  {
    const FlushSubnormals scope;
    CHECK(team_keeps_subnormals(team) == std::vector<bool>(4, false));
  }
  CHECK(team_keeps_subnormals(team) == std::vector<bool>(4, true));
}

TEST_CASE("floating point: a model's passes flush subnormals and give the caller's mode back") {
  using Net = Sequential<Image<1, 1, 1>, Linear<1, LinearOptions{.bias = false}>>;
  Model<Net> model;
  model.parameters()[0] = 0.25F;
  TrainingWorkspace<Net> training(1, Team(1));
  InferenceWorkspace<Net> inference(1, Team(1));
  Tensor<float> image(1, Net::input_shape);
  image[0] = std::numeric_limits<float>::min();
  const auto before = floating_point_mode();
  const float expected = before == flushing(before) ? image[0] / 4 : 0;

  CHECK(*model.forward(training, image.view()).data == expected);
  CHECK(floating_point_mode() == before);
  model.backward(training, image.view(), image.view());
  CHECK(model.gradients()[0] == 0);  // the square of 1e-38
  CHECK(floating_point_mode() == before);
  CHECK(*model.infer(inference, image.view()).data == expected);
  CHECK(floating_point_mode() == before);
}
