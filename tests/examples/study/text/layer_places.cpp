#include "study/text/layer_places.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <lamina/models/vgg.hpp>

#include "../../../catch.hpp"

using namespace study;

namespace {

using Texts = std::vector<std::string>;

/// The flow of a network, without its values.
template <class Network>
std::vector<lamina::TensorFlow> flow_of() {
  std::vector<lamina::TensorFlow> flow;
  for (const lamina::Segment& segment : Network::parameters) {
    flow.push_back({.name = segment.name, .kind = std::string(segment.kind), .is_weight = segment.rank >= 2});
  }
  return flow;
}

Texts places_of(const std::vector<lamina::TensorFlow>& flow, const std::vector<lamina::TensorFlow>& tensors) {
  const LayerPlaces places(flow);
  Texts texts;
  for (const lamina::TensorFlow& tensor : tensors) texts.push_back(places.of(tensor));
  return texts;
}

/// The places of the weight tensors of a network.
template <class Network>
Texts weight_places() {
  const auto flow = flow_of<Network>();
  return places_of(flow, lamina::weight_tensors(flow));
}

/// The places of the batch norms of a network.
template <class Network>
Texts norm_places() {
  const auto flow = flow_of<Network>();
  std::vector<lamina::TensorFlow> gammas;
  std::ranges::copy_if(flow, std::back_inserter(gammas), [](const lamina::TensorFlow& tensor) {
    return tensor.kind == "batch_norm" && tensor.name.view().ends_with("weight");
  });
  return places_of(flow, gammas);
}

/// What a network of three stages of so many blocks must have.
Texts expected_places(int blocks) {
  Texts places{"entry"};
  for (const std::string stage : {"1", "2", "3"}) {
    for (int block = 1; block <= blocks; ++block) {
      const std::string begin = "stage " + stage + ", block " + std::to_string(block);
      places.insert(places.end(), {begin + ", conv 1", begin + ", conv 2"});
    }
    places.insert(places.end(), {"reduction " + stage + ", conv 1", "reduction " + stage + ", conv 2"});
  }
  places.emplace_back("head");
  return places;
}

using Plain = lamina::Sequential<lamina::Image<8, 8, 3>, lamina::Conv2d<4, 3>, lamina::BatchNorm, lamina::LeakyReLU,
                                 lamina::GlobalAvgPool, lamina::Linear<2>>;

}  // namespace

TEST_CASE("layer places: VGG08 has an entry, three reduction blocks and a head") {
  CHECK(weight_places<lamina::Vgg08>() == Texts{"entry", "reduction 1, conv 1", "reduction 1, conv 2",
                                                "reduction 2, conv 1", "reduction 2, conv 2", "reduction 3, conv 1",
                                                "reduction 3, conv 2", "head"});
  CHECK(norm_places<lamina::Vgg08>() == Texts{"entry, norm"});
}

TEST_CASE("layer places: the convolutions of a network are called the same, whatever stands between them") {
  CHECK(weight_places<lamina::Vgg38>() == expected_places(5));
  CHECK(weight_places<lamina::Vgg38Bn>() == expected_places(5));
  CHECK(weight_places<lamina::Vgg38Rc>() == expected_places(5));
  CHECK(weight_places<lamina::Vgg38BnRc>() == expected_places(5));
  CHECK(weight_places<lamina::Vgg38BnRcPreact>() == expected_places(5));
  CHECK(weight_places<lamina::Vgg56BnRc>() == expected_places(8));
}

TEST_CASE("layer places: a norm is called after its block and its number in it") {
  for (const Texts& norms : {norm_places<lamina::Vgg38Bn>(), norm_places<lamina::Vgg38BnRc>()}) {
    REQUIRE(norms.size() == 37);
    CHECK(norms[0] == "entry, norm");
    CHECK(norms[1] == "stage 1, block 1, norm 1");
    CHECK(norms[10] == "stage 1, block 5, norm 2");
    CHECK(norms[11] == "reduction 1, norm 1");
    CHECK(norms[36] == "reduction 3, norm 2");
  }
}

TEST_CASE("layer places: with pre-activation a norm belongs to the block whose convolution it stands before") {
  const Texts norms = norm_places<lamina::Vgg38BnRcPreact>();
  REQUIRE(norms.size() == 37);
  CHECK(norms[1] == "stage 1, block 1, norm 1");  // between its convolutions
  CHECK(norms[2] == "stage 1, block 2, norm 1");  // before the first
  CHECK(norms[3] == "stage 1, block 2, norm 2");
  CHECK(norms[10] == "stage 1, norm");  // behind the last block's sum
  CHECK(norms[11] == "reduction 1, norm 1");
}

TEST_CASE("layer places: no two layers of a network have the same place") {
  const auto different = [](const Texts& places) { return std::set(places.begin(), places.end()).size(); };
  CHECK(different(weight_places<lamina::Vgg110BnRc>()) == 110);
  CHECK(different(norm_places<lamina::Vgg110BnRc>()) == 109);
  CHECK(different(norm_places<lamina::Vgg38BnRcPreact>()) == 37);
}

TEST_CASE("layer places: a bias is where its layer is") {
  const LayerPlaces places(flow_of<lamina::Vgg08>());
  CHECK(places({.name = "3.bias", .kind = "conv", .is_weight = false}) == "reduction 1, conv 1");
}

TEST_CASE("layer places: a network of another structure has the names of its tensors") {
  const auto check = [](const std::vector<lamina::TensorFlow>& flow) {
    const LayerPlaces places(flow);
    for (const lamina::TensorFlow& tensor : flow) {
      CHECK(places.of(tensor).empty());
      CHECK(places(tensor) == tensor.kind + " " + std::string(tensor.name.view()));
    }
  };
  check(flow_of<Plain>());
  check({});
  auto flow = flow_of<lamina::Vgg38BnRc>();
  SECTION("a layer behind the head") { flow.push_back({.name = "99.weight", .kind = "linear"}); }
  SECTION("no head") { flow.erase(flow.end() - 2, flow.end()); }
  SECTION("a block of one convolution") { flow.erase(flow.begin() + 3); }
  SECTION("layers of another kind") {
    for (lamina::TensorFlow& tensor : flow) tensor.kind = "layer";
  }
  check(flow);
}
