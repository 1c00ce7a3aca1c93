#include <vector>

#include <lamina/diagnostics/flow_verdict.hpp>
#include <lamina/losses/softmax_cross_entropy.hpp>
#include <lamina/models/vgg.hpp>
#include <lamina/network/model.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// A flow of convolutions with these mean |gradients|, input first.
std::vector<TensorFlow> flow_of(const std::vector<double>& means) {
  std::vector<TensorFlow> flow;
  for (std::size_t i = 0; i < means.size(); ++i)
    flow.push_back({.name = Name::numbered(i, "weight"), .kind = "conv", .mean_abs = means[i]});
  return flow;
}

FlowVerdict judge_means(const std::vector<double>& means) { return judge(flow_of(means)); }

/// The flow of a network's first step on random images.
template <class Network>
std::vector<TensorFlow> initial_flow() {
  constexpr Index batch = 10;
  Model<Network> model(0);
  TrainingWorkspace<Network> workspace(batch, Team(2));
  Tensor<float> images(batch, Network::input_shape);
  RandomStream random(1, RandomPurpose::test);
  for (Index i = 0; i < images.size(); ++i) images[i] = static_cast<float>(random.normal());
  std::vector<Label> labels(batch);
  for (Label& label : labels) label = static_cast<Label>(random.below(100));
  const auto logits = model.forward(workspace, images.view());
  SoftmaxCrossEntropy{}(logits, labels, workspace.output_gradient(batch), workspace.team());
  model.backward(workspace, images.view(), workspace.output_gradient(batch));
  GradientFlow flow(Network::parameters);
  flow.add<float>(model.gradients(), 0);
  return flow.average();
}

}  // namespace

TEST_CASE("flow verdict: VGG08 as it starts in the study is healthy") {
  const FlowVerdict verdict = judge_means({1e-5, 2e-5, 3e-5, 3e-5, 5e-5, 8e-5, 1e-4, 1e-4});
  CHECK(verdict.state == FlowState::healthy);
  CHECK(verdict.ratio == Approx(0.1));
}

TEST_CASE("flow verdict: a plain VGG38 vanishes, and breaks at its steepest fall") {
  const FlowVerdict verdict = judge_means({4e-18, 5e-18, 4e-14, 5e-14, 2e-9, 6e-5, 1e-4});
  CHECK(verdict.state == FlowState::vanishing);
  CHECK(verdict.ratio == Approx(4e-14));
  CHECK(verdict.break_at == 3);
  CHECK(verdict.change == Approx(2.5e-5));
  CHECK(verdict.text ==
        "vanishing: mean |gradient| 4.0e-18 in conv 0.weight against 1.0e-04 in conv 6.weight, ratio 4.0e-14; steepest "
        "fall, by a factor of 4.0e+04, at conv 3.weight");
}

TEST_CASE("flow verdict: a gradient that grows towards the input explodes, and breaks at its steepest rise") {
  const FlowVerdict verdict = judge_means({5e3, 2e3, 1, 0.5, 1e-2});
  CHECK(verdict.state == FlowState::exploding);
  CHECK(verdict.ratio == Approx(5e5));
  CHECK(verdict.break_at == 1);
  CHECK(verdict.change == Approx(2000));
  CHECK_THAT(verdict.text, ContainsSubstring("steepest rise, by a factor of 2.0e+03, at conv 1.weight"));
}

TEST_CASE("flow verdict: a layer lost in the middle is uneven") {
  const FlowVerdict lost = judge_means({1e-4, 1e-4, 1e-9, 1e-4});
  CHECK(lost.state == FlowState::uneven);
  CHECK(lost.break_at == 2);
  CHECK(judge_means({1e-4, 1e-4, 0, 1e-4}).state == FlowState::uneven);
  CHECK(judge_means({1e-4, 10, 1e-3, 1e-4}).state == FlowState::uneven);
}

TEST_CASE("flow verdict: the border of a lost gradient is a factor of ten thousand") {
  CHECK(judge_means({1.01e-8, 1e-4}).state == FlowState::healthy);
  CHECK(judge_means({0.99e-8, 1e-4}).state == FlowState::vanishing);
  CHECK(judge_means({0.99e4, 1}).state == FlowState::healthy);
  CHECK(judge_means({1.01e4, 1}).state == FlowState::exploding);
  CHECK(judge_means({1, 1.01e-4, 1}).state == FlowState::healthy);
  CHECK(judge_means({1, 0.99e-4, 1}).state == FlowState::uneven);
}

TEST_CASE("flow verdict: gradients of zero vanish") {
  CHECK(judge_means({0, 0, 0}).state == FlowState::vanishing);
  const FlowVerdict verdict = judge_means({0, 0, 1e-3, 1e-3});
  CHECK(verdict.state == FlowState::vanishing);
  CHECK(verdict.ratio == 0);
  CHECK(verdict.break_at == 1);
  CHECK_THAT(verdict.text, ContainsSubstring("steepest fall, to nothing, at conv 1.weight"));
}

TEST_CASE("flow verdict: weights alone decide, whatever biases and batch norms say") {
  std::vector<TensorFlow> flow = flow_of({1e-5, 2e-5, 1e-4});
  const FlowVerdict expected = judge(flow);
  flow.insert(flow.begin() + 1, {.name = "1.weight", .kind = "batch_norm", .is_weight = false, .mean_abs = 1e3});
  flow.insert(flow.begin() + 3, {.name = "1.bias", .kind = "conv", .is_weight = false, .mean_abs = 0});
  flow.insert(flow.begin(), {.name = "x.bias", .kind = "conv", .is_weight = false, .mean_abs = 1e-30});
  flow.push_back({.name = "2.bias", .kind = "conv", .is_weight = false, .mean_abs = 1e30});
  const FlowVerdict found = judge(flow);
  CHECK(found.text == expected.text);
  CHECK(found.ratio == expected.ratio);
  CHECK(found.break_at == expected.break_at);
  CHECK_THROWS_AS(judge({{flow.back()}}), ArgumentError);
}

TEST_CASE("flow verdict: calls tensors what it is told to") {
  const auto flow = flow_of({4e-18, 1e-17, 1e-4});
  CHECK(judge(flow, [](const TensorFlow& tensor) { return "<" + std::string(tensor.name.view()) + ">"; }).text ==
        "vanishing: mean |gradient| 4.0e-18 in <0.weight> against 1.0e-04 in <2.weight>, ratio 4.0e-14; steepest fall, "
        "by a factor of 1.0e+13, at <1.weight>");
}

TEST_CASE("flow verdict: a single tensor is healthy, none has no verdict") {
  CHECK(judge_means({1e-3}).state == FlowState::healthy);
  CHECK_THROWS_AS(judge_means({}), ArgumentError);
}

TEST_CASE("flow verdict: of the five networks only the plain VGG38 vanishes") {
  CHECK(judge(initial_flow<Vgg08>()).state == FlowState::healthy);
  CHECK(judge(initial_flow<Vgg38Bn>()).state == FlowState::healthy);
  CHECK(judge(initial_flow<Vgg38Rc>()).state == FlowState::healthy);
  CHECK(judge(initial_flow<Vgg38BnRc>()).state == FlowState::healthy);
  const FlowVerdict vgg38 = judge(initial_flow<Vgg38>());
  CHECK(vgg38.state == FlowState::vanishing);
  CHECK(vgg38.ratio < 1e-11);
}
