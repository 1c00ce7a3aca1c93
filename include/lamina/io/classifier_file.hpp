#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/data/normalization.hpp>
#include <lamina/inference/classifier.hpp>
#include <lamina/io/model_file.hpp>
#include <lamina/io/tensor_file.hpp>

/// @file
/// A classifier in a file: the model's tensors as in io/model_file.hpp, and in the metadata, which PyTorch passes over,
/// the normalization of images ("image_mean" and "image_std") and the names of the classes ("class_names"), in JSON.
/// Needs nlohmann/json.hpp, so it does not come with lamina.hpp.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

/// The metadata of that name, which is JSON of a type.
/// @throws FileError when it is missing or is no such JSON
template <class Value>
[[nodiscard]] Value read_json_metadata(const TensorFile& file, const std::string& name) {
  const auto found = file.metadata().find(name);
  if (found == file.metadata().end()) {
    throw FileError(file.origin().string(),
                    "has no metadata '" + name + "', which save_classifier() writes; load_model() takes weights alone");
  }
  try {
    return nlohmann::json::parse(found->second).get<Value>();
  } catch (const nlohmann::json::exception&) {
    throw FileError(file.origin().string(), "its metadata '" + name + "' is no list as it should be: " + found->second);
  }
}

}  // namespace detail

/// What the metadata of a file say of a normalization and of the names of classes.
[[nodiscard]] inline std::map<std::string, std::string> classifier_metadata(
    const Normalization& normalization, const std::vector<std::string>& class_names = {}) {
  // Names may hold bytes that are no UTF-8, which JSON cannot: they are replaced rather than refused.
  const auto text = [](const nlohmann::json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  std::map<std::string, std::string> metadata{{"image_mean", nlohmann::json(normalization.mean).dump()},
                                              {"image_std", nlohmann::json(normalization.deviation).dump()}};
  if (!class_names.empty()) metadata.emplace("class_names", text(class_names));
  return metadata;
}

/// Writes a classifier, as a whole or not at all.
/// @param path      ends in .safetensors
/// @param metadata  more of it, such as {"model", "lenet5"}; what the classifier says itself comes before it
/// @throws ArgumentError for a normalization of other channels than the network's, and another number of names than
///         classes; nothing is written then
/// @throws FileError as save_model()
template <class Network, class T>
void save_classifier(const std::filesystem::path& path, const Classifier<Network, T>& classifier,
                     std::map<std::string, std::string> metadata = {}) {
  check_normalization(classifier.normalization, Network::input_shape.channels);
  const auto& names = classifier.class_names;
  require(names.empty() || std::ssize(names) == Network::output_shape.channels,
          "expected the names of " + std::to_string(Network::output_shape.channels) + " classes, found " +
              std::to_string(names.size()));
  auto all = classifier_metadata(classifier.normalization, names);
  if (names.empty()) metadata.erase("class_names");
  all.merge(metadata);
  save_model(path, classifier.model, all);
}

/// Reads a classifier that save_classifier() wrote.
/// @throws FileError as load_model(), and for a file without a normalization, or with one of other channels or names of
///         another number of classes
template <class Network, class T = float>
[[nodiscard]] Classifier<Network, T> load_classifier(const std::filesystem::path& path,
                                                     const LoadOptions& options = {}) {
  const TensorFile file = read_weights(path);
  Classifier<Network, T> classifier;
  read_whole_model(file, classifier.model, options);
  classifier.normalization = {.mean = detail::read_json_metadata<std::vector<double>>(file, "image_mean"),
                              .deviation = detail::read_json_metadata<std::vector<double>>(file, "image_std")};
  try {
    check_normalization(classifier.normalization, Network::input_shape.channels);
  } catch (const ArgumentError& error) {
    throw FileError(path.string(), error.what());
  }
  if (!file.metadata().contains("class_names")) return classifier;
  classifier.class_names = detail::read_json_metadata<std::vector<std::string>>(file, "class_names");
  if (std::ssize(classifier.class_names) != Network::output_shape.channels) {
    throw FileError(path.string(), "expected the names of " + std::to_string(Network::output_shape.channels) +
                                       " classes, found " + std::to_string(classifier.class_names.size()));
  }
  return classifier;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
