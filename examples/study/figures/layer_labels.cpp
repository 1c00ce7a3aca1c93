#include "study/figures/layer_labels.hpp"

#include <algorithm>
#include <string_view>

#include "study/figures/gnuplot.hpp"
#include "study/text/layer_places.hpp"

namespace study {

namespace {

std::string layer_name(const lamina::TensorFlow& tensor) {
  constexpr std::string_view kind = ".weight";
  std::string_view name = tensor.name.view();
  if (name.ends_with(kind)) name.remove_suffix(kind.size());
  return std::string(name);
}

}  // namespace

std::vector<std::string> layer_labels(std::span<const lamina::TensorFlow> tensors) {
  const LayerPlaces places(tensors);
  std::vector<std::string> labels;
  for (const lamina::TensorFlow& tensor : lamina::weight_tensors(tensors)) {
    const std::string place = places.of(tensor);
    labels.push_back(place.empty() ? layer_name(tensor) : place);
  }
  return labels;
}

int room_for(std::span<const std::string> labels) {
  constexpr int letter = 7;  // on average, of the 13 points that labels have
  std::size_t longest = 0;
  for (const std::string& label : labels) longest = std::max(longest, label.size());
  return letter * static_cast<int>(longest);
}

std::string labelled_marks(std::span<const std::string> labels, std::size_t fit) {
  const std::size_t step = (labels.size() + fit - 1) / fit;
  std::string text;
  for (std::size_t i = 0; i < labels.size(); i += step) {
    text += (i == 0 ? "" : ", ") + gnuplot_quoted(labels[i]) + " " + std::to_string(i);
  }
  return "(" + text + ")";
}

}  // namespace study
