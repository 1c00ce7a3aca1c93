#include <vector>

#include <lamina/losses/softmax_cross_entropy.hpp>
#include <lamina/models/vgg.hpp>
#include <lamina/network/model.hpp>
#include <lamina/optimizers/adam.hpp>

#include "../catch.hpp"
#include "../reference/formula.hpp"

using namespace lamina;

namespace {

/// All that a training run leaves behind.
struct Outcome {
  std::vector<float> parameters;
  std::vector<float> statistics;
  std::vector<float> gradients;
  std::vector<float> logits;
  std::vector<double> losses;
};

template <class Network>
Outcome train(int threads, Index batch, int steps) {
  Model<Network> model(1);
  TrainingWorkspace<Network> workspace(batch, Team(threads));
  Adam<float> adam(Network::parameter_count);
  const auto images = test::make_tensor<float>(batch, Network::input_shape, test::Sequence::images);
  const auto labels = test::make_labels(batch, 100);
  Outcome outcome;
  for (int step = 0; step < steps; ++step) {
    const auto logits = model.forward(workspace, images.view());
    outcome.logits.assign(logits.data, logits.data + logits.size());
    const auto gradient = workspace.output_gradient(batch);
    outcome.losses.push_back(SoftmaxCrossEntropy{}(logits, labels, gradient, workspace.team()));
    model.backward(workspace, images.view(), gradient);
    adam.step(model.parameters(), model.gradients(), 1e-3, workspace.team());
  }
  outcome.parameters.assign(model.parameters().begin(), model.parameters().end());
  outcome.statistics.assign(model.statistics().begin(), model.statistics().end());
  outcome.gradients.assign(model.gradients().begin(), model.gradients().end());
  return outcome;
}

/// NaN is unequal to itself, so equal outcomes are also finite.
template <class Network>
void check_threads(Index batch, int steps) {
  const Outcome alone = train<Network>(1, batch, steps);
  for (const int threads : {2, 4}) {
    CAPTURE(threads, batch);
    const Outcome together = train<Network>(threads, batch, steps);
    CHECK(together.losses == alone.losses);
    CHECK((together.logits == alone.logits));
    CHECK((together.gradients == alone.gradients));
    CHECK((together.statistics == alone.statistics));
    CHECK((together.parameters == alone.parameters));
  }
}

}  // namespace

// Five and six samples do not divide evenly among four threads.
TEST_CASE("vgg08: a training run has the same bits with 1, 2 and 4 threads") { check_threads<Vgg08>(6, 3); }

TEST_CASE("vgg38-bn-rc: a training run has the same bits with 1, 2 and 4 threads") { check_threads<Vgg38BnRc>(5, 3); }

TEST_CASE("vgg38-bn-rc-preact: a training run has the same bits with 1, 2 and 4 threads") {
  check_threads<Vgg38BnRcPreact>(5, 2);
}

TEST_CASE("vgg08: a step of a hundred images has the same bits with 1, 2 and 4 threads") {
  check_threads<Vgg08>(100, 1);
}
