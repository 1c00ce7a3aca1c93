#include <cmath>
#include <vector>

#include <lamina/optimizers/lamb.hpp>

#include "../catch.hpp"
#include "optimizer_checks.hpp"

using namespace lamina;

namespace {

/// Tensors of these dimensions, one behind the other.
std::vector<Segment> segments(const std::vector<std::vector<Index>>& shapes) {
  std::vector<Segment> made;
  Index offset = 0;
  for (const auto& shape : shapes) {
    Segment segment;
    segment.rank = shape.size();
    segment.offset = offset;
    std::copy(shape.begin(), shape.end(), segment.dims.begin());
    offset += segment.size();
    made.push_back(segment);
  }
  return made;
}

/// The tensors of the reference.
template <class T>
auto make_reference(LambOptions options = {}) {
  return [options](Index parameters) {
    const auto tensors =
        segments(test::reference("optimizers.json")["lamb_shapes"].get<std::vector<std::vector<Index>>>());
    Lamb<T> lamb(tensors, options);
    CHECK(std::ssize(lamb.state()) == 2 * parameters);
    return lamb;
  };
}

/// A convolution's weights, biases, and a matrix of what is left: no size a multiple of a block.
template <class T>
auto make(LambOptions options = {}) {
  return [options](Index parameters) { return Lamb<T>(segments({{3, 3, 5, 7}, {7}, {parameters - 322, 1}}), options); };
}

/// One step from zero moments of a tensor alone, as the paper writes it, in double.
std::vector<double> first_step(std::vector<double> weights, const std::vector<double>& gradients, double rate,
                               double decay, bool scaled) {
  std::vector<double> direction;
  double weight_squares = 0;
  double direction_squares = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double m = 0.1 * gradients[i] / 0.1;
    const double v = 0.001 * gradients[i] * gradients[i] / 0.001;
    direction.push_back(m / (std::sqrt(v) + 1e-6) + decay * weights[i]);
    weight_squares += weights[i] * weights[i];
    direction_squares += direction[i] * direction[i];
  }
  const double ratio = scaled ? std::sqrt(weight_squares / direction_squares) : 1;
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] -= rate * ratio * direction[i];
  return weights;
}

std::vector<double> numbered(Index size, double scale) {
  std::vector<double> values;
  for (Index i = 0; i < size; ++i) values.push_back(scale * (static_cast<double>(i % 7) - 2.5));
  return values;
}

/// Norm of the difference.
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(squares);
}

}  // namespace

TEMPLATE_TEST_CASE("lamb: twenty steps follow the algorithm of the paper", "", float, double) {
  test::check_follows_pytorch("lamb", make_reference<TestType>());
  test::check_follows_pytorch("lamb_weight_decay", make_reference<TestType>({.weight_decay = 0.1}));
  test::check_follows_pytorch(
      "lamb_betas", make_reference<TestType>({.beta1 = 0.5, .beta2 = 0.9, .epsilon = 1e-3, .weight_decay = 0.1}));
}

TEST_CASE("lamb: a step is the plain loop's, whatever the size of the tensor") {
  const Index size = GENERATE(1, 4, 8, 33, 1003);
  const bool matrix = GENERATE(true, false);
  const auto weights = numbered(size, 0.2);
  const auto gradients = numbered(size, -0.03);
  auto moved = weights;
  Lamb<double> lamb(matrix ? segments({{size, 1}}) : segments({{size}}), {.weight_decay = 0.5});
  lamb.step(moved, gradients, 0.1, Team(2));
  const auto expected = first_step(weights, gradients, 0.1, matrix ? 0.5 : 0, matrix);
  // A thousand summands of either norm round to 1e-13.
  for (std::size_t i = 0; i < moved.size(); ++i) CHECK(moved[i] == Approx(expected[i]).margin(1e-13));
}

TEST_CASE("lamb: each layer moves by the learning rate's share of its weights' norm") {
  const auto tensors = segments({{5, 4}, {6, 2}});
  auto weights = numbered(32, 1);
  for (std::size_t i = 20; i < 32; ++i) weights[i] *= 1e-3;
  auto gradients = numbered(32, 1e-2);
  for (std::size_t i = 20; i < 32; ++i) gradients[i] *= 1e4;
  auto moved = weights;
  Lamb<double> lamb(tensors);
  lamb.step(moved, gradients, 0.25, Team(1));
  const auto part = [](const std::vector<double>& all, bool first) {
    return first ? std::vector(all.begin(), all.begin() + 20) : std::vector(all.begin() + 20, all.end());
  };
  for (const bool first : {true, false}) {
    const double norm = distance(part(weights, first), std::vector<double>(part(weights, first).size()));
    CHECK(distance(part(moved, first), part(weights, first)) == Approx(0.25 * norm).epsilon(1e-12));
  }
}

TEST_CASE("lamb: the trust ratio is 1 where the weights or the direction are zero") {
  const auto tensors = segments({{3, 3}});
  const auto gradients = numbered(9, 1);
  std::vector<double> weights(9);
  Lamb<double> lamb(tensors);
  lamb.step(weights, gradients, 0.125, Team(1));
  // Each moves by the rate against the sign of its gradient, but for epsilon.
  for (std::size_t i = 0; i < 9; ++i) CHECK(weights[i] == Approx(gradients[i] < 0 ? 0.125 : -0.125).epsilon(1e-5));

  const std::vector<float> nothing(9);
  std::vector<float> kept(9, 0.7F);
  Lamb<float> still(tensors);
  still.step(kept, nothing, 0.1, Team(1));
  CHECK(kept == std::vector<float>(9, 0.7F));
}

TEST_CASE("lamb: tensors of one dimension take no weight decay") {
  std::vector<float> biases(9, 0.7F);
  Lamb<float> lamb(segments({{9}}), {.weight_decay = 0.5});
  lamb.step(biases, std::vector<float>(9), 0.1, Team(1));
  CHECK(biases == std::vector<float>(9, 0.7F));
}

TEST_CASE("lamb: the state is the first moments, then the second") {
  std::vector<double> parameters{1, 1, 1};
  const std::vector<double> gradients{1, 2, -3};
  Lamb<double> lamb(segments({{2, 1}, {1}}), {.beta1 = 0.75, .beta2 = 0.5});
  lamb.step(parameters, gradients, 0.1, Team(1));
  const auto state = lamb.state();
  CHECK(std::vector(state.begin(), state.end()) == std::vector{0.25, 0.5, -0.75, 0.5, 2.0, 4.5});
}

TEST_CASE("lamb: the same bits on any number of threads") {
  test::check_same_bits_on_any_team(make<float>({.weight_decay = 0.1}));
}

TEST_CASE("lamb: continues from its saved state as if it had not stopped") {
  test::check_continues_from_state(make<float>({.weight_decay = 0.1}));
}

TEST_CASE("lamb: refuses what it cannot use") {
  const auto three = segments({{2, 1}, {1}});
  test::check_refuses_bad_steps(Lamb<float>(three));
  test::check_refuses_bad_steps(Lamb<double>(three));
  CHECK_THROWS_AS(Lamb<float>(three, {.beta1 = 1}), ArgumentError);
  CHECK_THROWS_WITH(Lamb<float>(three, {.beta1 = 1}), "beta1 must be in [0, 1), got 1");
  CHECK_THROWS_WITH(Lamb<float>(three, {.beta2 = -1}), "beta2 must be in [0, 1), got -1");
  CHECK_THROWS_WITH(Lamb<float>(three, {.epsilon = 0}), "epsilon must be finite and positive, got 0");
  CHECK_THROWS_WITH(Lamb<float>(three, {.epsilon = 1e-50}), "epsilon must be finite and positive, got 1e-50");
  CHECK_NOTHROW(Lamb<double>(three, {.epsilon = 1e-50}));
  CHECK_THROWS_WITH(Lamb<float>(three, {.epsilon = HUGE_VAL}), ContainsSubstring("epsilon"));
  CHECK_THROWS_WITH(Lamb<float>(three, {.weight_decay = -1}), ContainsSubstring("weight decay"));
}

TEST_CASE("lamb: refuses tensors with gaps between them") {
  auto tensors = segments({{3, 4}, {5}});
  tensors[1].offset += 1;
  CHECK_THROWS_WITH(Lamb<float>(tensors), "tensor '' must begin at value 12 of the flat array, got 13");
}
