// The bits of training do not depend on the number of threads, in networks beside the VGG family.
#include <vector>

#include <lamina/losses/softmax_cross_entropy.hpp>
#include <lamina/models/densenet.hpp>
#include <lamina/models/resnet.hpp>
#include <lamina/network/model.hpp>

#include "../catch.hpp"
#include "../reference/formula.hpp"

using namespace lamina;

namespace {

/// Logits, gradients and running statistics of two training passes, one behind the other.
template <class Network>
std::vector<float> train(int threads) {
  constexpr Index batch = 5;
  Model<Network> model(1);
  TrainingWorkspace<Network> workspace(batch, Team(threads));
  const auto images = test::make_tensor<float>(batch, Network::input_shape, test::Sequence::images);
  const auto labels = test::make_labels(batch, Network::output_shape.channels);
  std::vector<float> all;
  for (int pass = 0; pass < 2; ++pass) {
    const auto logits = model.forward(workspace, images.view());
    all.insert(all.end(), logits.data, logits.data + logits.size());
    const auto gradient = workspace.output_gradient(batch);
    SoftmaxCrossEntropy{}(logits, labels, gradient, workspace.team());
    model.backward(workspace, images.view(), gradient);
    all.insert(all.end(), model.gradients().begin(), model.gradients().end());
  }
  all.insert(all.end(), model.statistics().begin(), model.statistics().end());
  return all;
}

/// NaN is unequal to itself, so equal outcomes are also finite.
template <class Network>
void check_threads() {
  const auto alone = train<Network>(1);
  CHECK((train<Network>(2) == alone));
  CHECK((train<Network>(4) == alone));
}

}  // namespace

TEST_CASE("se-resnet: training has the same bits with 1, 2 and 4 threads") {
  check_threads<SEResNet<8, Image<16, 16, 3>, 10>>();
}

TEST_CASE("densenet-bc: training has the same bits with 1, 2 and 4 threads") {
  check_threads<DenseNetBC<10, 12, Image<16, 16, 3>, 10>>();
}
