#include "study/text/layer_places.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include <lamina/diagnostics/flow_verdict.hpp>

namespace study {

namespace {

using lamina::TensorFlow;

/// A layer with parameters, as its tensors tell of it.
struct Layer {
  std::string_view name;  ///< "4.branch.0" for the tensor "4.branch.0.weight"
  std::string_view kind;
  bool has_bias = false;
};

std::string_view layer_of(const TensorFlow& tensor) {
  const std::string_view name = tensor.name.view();
  return name.substr(0, name.rfind('.'));
}

std::vector<Layer> layers_of(std::span<const TensorFlow> flow) {
  std::vector<Layer> layers;
  for (const TensorFlow& tensor : flow) {
    const std::string_view name = layer_of(tensor);
    if (layers.empty() || layers.back().name != name) layers.push_back({.name = name, .kind = tensor.kind});
    if (tensor.name.view().ends_with(".bias")) layers.back().has_bias = true;
  }
  return layers;
}

/// "4" for "4.branch.0": the residual block around a layer; empty where there is none.
std::string_view residual_of(const Layer& layer) {
  const std::size_t end = layer.name.find(".branch.");
  return end == layer.name.npos ? std::string_view{} : layer.name.substr(0, end);
}

bool is_norm(const Layer& layer) { return layer.kind == "batch_norm"; }
bool is_convolution(const Layer& layer, bool has_bias) { return layer.kind == "conv" && layer.has_bias == has_bias; }

/// Goes through the layers from the entry to the head and says for each where it is. Each member function takes the
/// layers of its part of the network and is false where they are others.
class Walk {
 public:
  explicit Walk(std::vector<Layer> layers) : layers_(std::move(layers)) {}

  /// The place of each layer, or none at all where this is no VGG.
  [[nodiscard]] std::vector<std::string> places() {
    bool vgg = entry();
    for (int stage = 1; vgg && !head(); ++stage) vgg = blocks(stage) && reduction(stage);
    return vgg ? places_ : std::vector<std::string>{};
  }

 private:
  [[nodiscard]] bool done() const { return places_.size() == layers_.size(); }
  [[nodiscard]] const Layer& next() const { return layers_[places_.size()]; }
  void put(std::string place) { places_.push_back(std::move(place)); }

  bool entry() {
    if (done() || !is_convolution(next(), false)) return false;
    put("entry");
    if (!done() && is_norm(next())) put("entry, norm");
    return true;
  }

  bool head() {
    if (layers_.size() != places_.size() + 1 || next().kind != "linear") return false;
    put("head");
    return true;
  }

  bool blocks(int stage) {
    const std::string begin = "stage " + std::to_string(stage);
    int number = 0;
    while (!done() && (is_norm(next()) || is_convolution(next(), false))) {
      const std::string_view residual = residual_of(next());
      if (is_norm(next()) && residual.empty()) {
        put(begin + ", norm");  // of the last block's sum, with pre-activation
      } else if (!block(begin + ", block " + std::to_string(++number), residual)) {
        return false;
      }
    }
    return true;
  }

  /// Two convolutions and their norms, before or behind them: the layers of a residual block, or without one those up
  /// to the next block's first convolution.
  bool block(const std::string& place, std::string_view residual) {
    int convolutions = 0;
    int norms = 0;
    while (!done() && residual_of(next()) == residual) {
      if (is_norm(next())) {
        put(place + ", norm " + std::to_string(++norms));
      } else if (is_convolution(next(), false) && convolutions < 2) {
        put(place + ", conv " + std::to_string(++convolutions));
      } else {
        break;
      }
    }
    return convolutions == 2;
  }

  bool reduction(int stage) {
    const std::string begin = "reduction " + std::to_string(stage);
    for (int number = 1; number <= 2; ++number) {
      if (done() || !is_convolution(next(), true)) return false;
      put(begin + ", conv " + std::to_string(number));
      if (!done() && is_norm(next())) put(begin + ", norm " + std::to_string(number));
    }
    return true;
  }

  std::vector<Layer> layers_;
  std::vector<std::string> places_;  // of the layers so far
};

}  // namespace

LayerPlaces::LayerPlaces(std::span<const TensorFlow> flow) {
  const std::vector<Layer> layers = layers_of(flow);
  const std::vector<std::string> places = Walk(layers).places();
  for (std::size_t i = 0; i < places.size(); ++i) places_.emplace(layers[i].name, places[i]);
}

std::string LayerPlaces::of(const TensorFlow& tensor) const {
  const auto found = places_.find(layer_of(tensor));
  return found == places_.end() ? std::string() : found->second;
}

std::string LayerPlaces::operator()(const TensorFlow& tensor) const {
  std::string place = of(tensor);
  return place.empty() ? lamina::kind_and_name(tensor) : place;
}

}  // namespace study
