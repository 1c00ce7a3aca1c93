/// A layer written outside the library: Swish with a steepness that each channel learns (Ramachandran, Zoph and Le,
/// "Searching for activation functions", 2017),
///
///     y = x s(beta x),   s(z) = 1 / (1 + exp(-z)).
///
/// The layer is defined by Eigen expressions, which the library runs as they stand. Its gradient is checked against
/// differences, and then a network trains with it.
#include <array>
#include <iostream>
#include <string_view>

#include <lamina/lamina.hpp>

using namespace lamina;

/// What a user writes in a network. Swish keeps the shape of its input, whatever that is.
struct Swish : KeepsShape {
  static constexpr std::string_view kind = "swish";

  /// The layer for one input shape. It has no objects: constants say what it needs, two functions define it.
  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    // One beta a channel, from 1. The network finds room for it in its flat array, and the optimiser, the checkpoint
    // and the gradient flow know it by this name.
    static constexpr std::array parameters{
        Segment{.name = "beta", .dims = {Input.channels}, .initialization = Initialization::one, .input_axis = 0}};
    // Channel c of the output comes of channel c of the input. Files have channels behind Flatten in PyTorch's order.
    static constexpr bool keeps_channels = true;
    // The derivatives are functions of x, so training has to keep it.

    // matrix() has a row for each pixel of the batch and a column for each channel.
    template <class T>
    static void forward(const Forward<T>& pass) {
      const auto x = pass.input.matrix().array();
      const auto beta = as_row(pass.parameters, Input.channels).array();
      pass.output.matrix() = (x * (x.rowwise() * beta).logistic()).matrix();
    }

    // dy/dbeta = x^2 s (1 - s) and dy/dx = s + beta x s (1 - s), each times the gradient of the output.
    template <class T>
    static void backward(const Backward<T>& pass) {
      using Values = Eigen::Array<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
      const auto x = pass.input.matrix().array();
      const auto dy = pass.output_gradient.matrix().array();
      const auto beta = as_row(pass.parameters, Input.channels).array();
      const Values s = (x.rowwise() * beta).logistic();
      const Values slope = x * s * (1 - s);
      as_row(pass.gradients, Input.channels) = (dy * x * slope).colwise().sum().matrix();
      // The first layer of a network is not asked for the gradient of the images.
      if (pass.input_gradient.empty()) return;
      pass.input_gradient.matrix() = (dy * (s + slope.rowwise() * beta)).matrix();
    }
  };
};

int main() {
  // A network of the layer alone compares what backward says with differences of what forward says, in double.
  const GradientCheckReport report = check_gradients<Sequential<Image<5, 5, 3>, Swish>>();
  std::cout << to_string(report) << "\n";
  if (report.largest_error() > 1e-7 || report.smallest_norm() == 0) return 1;

  // From here on it is a layer like any other.
  using Network = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, Swish, GlobalAvgPool, Linear<2>>;
  constexpr Index kBatch = 32;
  RandomStream random(1, RandomPurpose::test);
  Tensor<float> images(kBatch, Network::input_shape);
  std::array<Label, kBatch> labels{};
  for (Index n = 0; n < kBatch; ++n) {  // images of class 1 are brighter
    labels[static_cast<std::size_t>(n)] = static_cast<Label>(n % 2);
    for (Index i = 0; i < Network::input_shape.size(); ++i) {
      images.view().sample(n)[i] = static_cast<float>(random.normal() + 0.3 * static_cast<double>(n % 2));
    }
  }
  Model<Network> model;
  TrainingStep step(model, Adam<float>(Network::parameter_count), kBatch, Team{});
  for (int i = 0; i < 100; ++i) step(images.view(), labels, 1e-2);
  const BatchResult result = step(images.view(), labels, 1e-2);
  std::cout << "after 100 steps: loss " << result.loss << ", " << *result.correct << " of " << kBatch << " right\n";
}
