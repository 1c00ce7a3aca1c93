// What a file and a network have in common is loaded where the caller asks for it, and the rest is listed.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <lamina/io/model_tensors.hpp>
#include <lamina/layers/leaky_relu.hpp>

#include "../catch.hpp"
#include "small_network.hpp"

using namespace lamina;

namespace {

using Names = std::vector<std::string>;

/// SmallNetwork with a head of five classes in place of three, and an activation before it.
using OtherHead = Sequential<Image<2, 2, 3>, Conv2d<2, 2, ConvOptions{.bias = false}>, BatchNorm,
                             Residual<Projection<Conv2d<2, 1>>, Conv2d<2, 1>>, Linear<5>>;
using Deeper = Sequential<Image<2, 2, 3>, Conv2d<2, 2, ConvOptions{.bias = false}>, BatchNorm,
                          Residual<Projection<Conv2d<2, 1>>, Conv2d<2, 1>>, LeakyReLU, Linear<5>>;

TensorFile counted_file() {
  TensorFile file("some.safetensors");
  add_model(file, counted_model());
  return file;
}

/// What strict loading says, having left the model as it was.
template <class Network>
std::string refusal(const TensorFile& file) {
  Model<Network> model(1);
  const Model<Network> before = model;
  try {
    read_whole_model(file, model);
  } catch (const FileError& error) {
    CHECK(std::ranges::equal(model.parameters(), before.parameters()));
    CHECK(std::ranges::equal(model.statistics(), before.statistics()));
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("load report: a complete load lists every tensor and no difference") {
  Model<SmallNetwork> model(1);
  const LoadReport report = read_whole_model(counted_file(), model);
  CHECK(report.complete());
  CHECK(report.loaded == Names{"0.weight", "1.weight", "1.bias", "2.branch.0.weight", "2.branch.0.bias",
                               "2.projection.0.weight", "2.projection.0.bias", "3.weight", "3.bias", "1.running_mean",
                               "1.running_var"});
  CHECK(to_string(report) == "11 tensors loaded");
}

TEST_CASE("load report: strict loading lists all that differs") {
  CHECK(refusal<OtherHead>(counted_file()) ==
        "some.safetensors: tensor '3.weight': expected 5x2, found 3x2; tensor '3.bias': expected 5, found 3");
  CHECK(refusal<Deeper>(counted_file()) ==
        "some.safetensors: the network has no tensor '3.weight'; the network has no tensor '3.bias'; tensor '4.weight' "
        "is "
        "missing; tensor '4.bias' is missing");
}

TEST_CASE("load report: a long list of differences ends with how many more there are") {
  const TensorFile empty("some.safetensors");
  CHECK_THAT(refusal<SmallNetwork>(empty), ContainsSubstring("tensor '3.weight' is missing; and 3 more differences"));
}

TEST_CASE("load report: a new head is left as it was, and the rest is loaded") {
  Model<OtherHead> model(1);
  const Model<OtherHead> before = model;
  const LoadReport report = read_whole_model(counted_file(), model, {.strict = false});
  CHECK(report.loaded.size() == 9);
  CHECK(report.missing.empty());
  CHECK(report.unexpected.empty());
  REQUIRE(report.other_shape.size() == 2);
  CHECK(report.other_shape[0].name == "3.weight");
  CHECK(report.other_shape[0].expected == Dimensions{5, 2});
  CHECK(report.other_shape[0].found == Dimensions{3, 2});
  constexpr Index kHead = 5 * 2 + 5;
  const auto body = static_cast<std::size_t>(OtherHead::parameter_count - kHead);
  CHECK(std::ranges::equal(model.parameters().first(body), counted_model().parameters().first(body)));
  CHECK(std::ranges::equal(model.parameters().subspan(body), before.parameters().subspan(body)));
  CHECK(std::ranges::equal(model.statistics(), counted_model().statistics()));
}

TEST_CASE("load report: names that only one side has are listed") {
  Model<Deeper> model(1);
  const LoadReport report = read_whole_model(counted_file(), model, {.strict = false});
  CHECK(report.missing == Names{"4.weight", "4.bias"});
  CHECK(report.unexpected == Names{"3.weight", "3.bias"});
  CHECK(to_string(report) ==
        "9 tensors loaded\nthe network has no tensor '3.weight'\nthe network has no tensor '3.bias'\n"
        "tensor '4.weight' is missing\ntensor '4.bias' is missing");
}

TEST_CASE("load report: a file of another network is refused even where differences are allowed") {
  TensorFile file("some.safetensors");
  file.add<float>("embedding.weight", {1}, std::array{1.0F});
  Model<SmallNetwork> model(1);
  const Model<SmallNetwork> before = model;
  CHECK_THROWS_WITH(read_whole_model(file, model, {.strict = false}),
                    ContainsSubstring("some.safetensors: has no tensor of the network; the network has no tensor "
                                      "'embedding.weight'"));
  CHECK(same_values(model, before));
}

TEST_CASE("load report: a tensor of no floating-point type is refused, and nothing is loaded") {
  TensorFile file("some.safetensors");
  const TensorFile original = counted_file();
  for (StoredTensor tensor : original.tensors()) {
    if (tensor.name == "1.running_var") tensor.type = "I32";
    file.add(std::move(tensor));
  }
  Model<OtherHead> model(1);
  const Model<OtherHead> before = model;
  CHECK_THROWS_WITH(read_whole_model(file, model, {.strict = false}),
                    "some.safetensors: tensor '1.running_var': expected F64, F32, F16 or BF16, found I32");
  CHECK(std::ranges::equal(model.parameters(), before.parameters()));
}
