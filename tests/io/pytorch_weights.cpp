// Files mean what PyTorch's mean, also where the two lay values in another order: what PyTorch computes with a
// state_dict (tests/reference/make_weights_reference.py) Lamina computes with the same file, and writes the same file
// again.

#include <cmath>
#include <string>
#include <vector>

#include <lamina/io/model_tensors.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/sequential.hpp>

#include "../catch.hpp"
#include "../reference/digest.hpp"
#include "../reference/reference.hpp"

using namespace lamina;

namespace {

/// value_of() of make_weights_reference.py.
std::vector<double> values_by_formula(const std::string& name, const Dimensions& shape, std::uint32_t sequence) {
  Index size = 1;
  for (const Index dimension : shape) size *= dimension;
  const double root = std::sqrt(static_cast<double>(size / shape[0]));
  const double middle = name.ends_with("weight") || name.ends_with("running_var") ? 1 : 0;
  std::vector<double> values;
  for (Index i = 0; i < size; ++i) {
    const double u = test::uniform(sequence, i);
    values.push_back(static_cast<float>(shape.size() > 1 ? u / root : middle + u / 4));
  }
  return values;
}

/// PyTorch's state_dict of a case.
TensorFile state_dict(const nlohmann::json& tensors) {
  TensorFile file("state_dict");
  std::uint32_t sequence = 0;
  for (const auto& tensor : tensors) {
    const std::string name = tensor["name"];
    const Dimensions shape = tensor["shape"];
    file.add<double>(name, shape, values_by_formula(name, shape, sequence++));
  }
  return file;
}

template <class Network>
void check_case(const std::string& name) {
  INFO(name);
  const auto expected = test::reference("weights.json").at(name);
  const TensorFile file = state_dict(expected["tensors"]);
  Model<Network, double> model;
  read_whole_model(file, model);

  const Index batch = expected["batch"];
  const auto images = test::make_tensor<double>(batch, Network::input_shape, test::Sequence::images);
  InferenceWorkspace<Network, double> workspace(batch, Team(1));
  const auto logits = model.infer(workspace, images.view());
  // Some hundreds of roundings of numbers of about one.
  test::check_digest("logits", expected["logits"], test::values_of(logits), 1e-13);

  TensorFile written;
  add_model(written, model);
  CHECK(written.tensors().size() == file.tensors().size());
  for (const StoredTensor& tensor : file.tensors()) {
    INFO(tensor.name);
    REQUIRE(written.find(tensor.name) != nullptr);
    CHECK(written.find(tensor.name)->dimensions == tensor.dimensions);
    CHECK(written.find(tensor.name)->bytes == tensor.bytes);
  }
}

}  // namespace

TEST_CASE("PyTorch's weights: a LeNet computes PyTorch's logits and writes PyTorch's file") {
  check_case<Sequential<Image<16, 20, 3>, Conv2d<6, 5>, ReLU, MaxPool<2>, Conv2d<16, 5, ConvOptions{.padding = 0}>,
                        ReLU, MaxPool<2>, Flatten, Linear<120>, ReLU, Linear<84>, ReLU, Linear<10>>>("LeNet");
}

TEST_CASE("PyTorch's weights: every layer behind Flatten has PyTorch's channels") {
  check_case<Sequential<Image<3, 2, 5>, Flatten, BatchNorm, LeakyReLU, Flatten, Linear<7>>>(
      "batch norm behind Flatten");
  check_case<Sequential<Image<2, 3, 4>, Flatten, Identity, Conv2d<5, 1>, Identity, Linear<3>>>(
      "convolution behind Flatten");
}

TEST_CASE("PyTorch's weights: flattened values may stand beside others in a concatenation") {
  check_case<Sequential<Image<3, 4, 2>, Conv2d<5, 3>, Concat<Flatten, GlobalAvgPool, Sequential<Conv2d<3, 1>, Flatten>>,
                        BatchNorm, Linear<6>>>("flattened branches");
}
