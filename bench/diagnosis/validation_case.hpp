#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <lamina/diagnostics/data_verdict.hpp>
#include <lamina/lamina.hpp>
#include <lamina/training/network_diagnosis.hpp>

#include "trouble.hpp"

namespace lamina::bench {

/// A network in a state that is known, and the diagnosis of it.
struct ValidationCase {
  std::string network;
  Trouble trouble;
  std::function<NetworkDiagnosis(const ImageSource&, const Trouble&, std::uint64_t seed)> diagnose{};
};

using ValidationCases = std::vector<ValidationCase>;

/// The cases that thresholds may be chosen by, and those that only measure.
[[nodiscard]] ValidationCases tuning_cases();
[[nodiscard]] ValidationCases held_out_cases();
void add_small_held_out_cases(ValidationCases& cases);
void add_study_cases(ValidationCases& cases);

template <class Network, Optimizer O>
[[nodiscard]] NetworkDiagnosis diagnose_with(const ImageSource& source, const Trouble& trouble, std::uint64_t seed,
                                             const O& optimizer) {
  Images images = source.draw(Network::input_shape, seed);
  if (trouble.images) trouble.images(images, seed);
  Model<Network> model(seed, trouble.initialization);
  if (trouble.parameters) trouble.parameters(Network::parameters, model.parameters());
  return diagnose_network(model, optimizer, TensorView<const float>(images.pixels.view()),
                          std::span<const Label>(images.labels), SoftmaxCrossEntropy{},
                          {.learning_rate = trouble.learning_rate}, Team(1));
}

template <class Network>
[[nodiscard]] NetworkDiagnosis diagnose_case(const ImageSource& source, const Trouble& trouble, std::uint64_t seed) {
  ParameterRules rules;
  if (trouble.frozen)
    rules.push_back(frozen(std::string(weights_of(Network::parameters)[*trouble.frozen].name.view())));
  if (trouble.sgd)
    return diagnose_with<Network>(source, trouble, seed, Sgd<float>(Network::parameters, {.momentum = 0.9}, rules));
  return diagnose_with<Network>(source, trouble, seed, Adam<float>(Network::parameters, {}, rules));
}

template <class Network>
void add_case(ValidationCases& cases, std::string name, Trouble trouble) {
  cases.push_back({std::move(name), std::move(trouble), &diagnose_case<Network>});
}

template <class Network>
void add_cases(ValidationCases& cases, const std::string& name, std::vector<Trouble> troubles) {
  for (Trouble& trouble : troubles) add_case<Network>(cases, name, std::move(trouble));
}

}  // namespace lamina::bench
