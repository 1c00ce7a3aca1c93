#include "study/experiment/evaluation.hpp"

#include <iostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <lamina/io/model_file.hpp>
#include <lamina/lamina.hpp>
#include <lamina/models/cifar_precompiled.hpp>

#include "study/experiment/weights.hpp"
#include "study/setup/data.hpp"
#include "study/text/text.hpp"

namespace study {

namespace {

/// What a file says of the run that it is of; an empty object where it says nothing.
nlohmann::json configuration_of(const lamina::TensorFile& file) {
  const auto found = file.metadata().find("configuration");
  const auto json = nlohmann::json::parse(found == file.metadata().end() ? "{}" : found->second, nullptr, false);
  return json.is_object() ? json : nlohmann::json::object();
}

/// The options of that run, as far as they choose network and images.
Options options_of(const lamina::TensorFile& file, Options options) {
  const nlohmann::json json = configuration_of(file);
  if (options.model.empty() && json.contains("model")) options.model = json["model"].get<std::string>();
  if (json.contains("seed")) options.seed = json["seed"].get<std::uint64_t>();
  if (json.contains("limit") && json["limit"].is_number()) options.limit = json["limit"].get<lamina::Index>();
  if (!options.model.empty()) return options;
  throw lamina::FileError(file.origin().string(), "does not say what network it is for: name it with --model");
}

/// The names of the classes; their numbers where they have none.
std::vector<std::string> class_names(const lamina::Dataset& images) {
  std::vector<std::string> names = images.class_names();
  for (auto c = std::ssize(names); c < images.classes(); ++c) names.push_back(std::to_string(c));
  return names;
}

void print(const lamina::ClassReport& report, const Data& data, bool per_class) {
  std::cout << "loss " << fixed(report.loss, 4) << ", top-1 accuracy " << percent(report.top1_accuracy)
            << ", top-5 accuracy " << percent(report.top5_accuracy) << " on " << grouped(std::ssize(data.test))
            << " test images of " << data.origin << "\n";
  if (!per_class) return;
  const auto names = class_names(data.sets.test);
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    const auto [images, correct] = report.classes[c];
    const double accuracy = images > 0 ? static_cast<double>(correct) / static_cast<double>(images) : 0;
    std::cout << left(names[c], 16) << right(percent(accuracy), 10) << right(std::to_string(correct), 6) << " of "
              << images << "\n";
  }
}

template <class Network>
void evaluate(const lamina::TensorFile& file, const Options& options) {
  lamina::Model<Network> model;
  read_weights_or_checkpoint(file, model, options.prefix);
  const lamina::Team team(options.threads);
  const Data data = load_data(options, team);
  lamina::BatchLoader<float> test(data.sets.test, data.test, data.normalization,
                                  lamina::LoaderOptions::evaluation(options.batch_size));
  lamina::InferenceWorkspace<Network> workspace(options.batch_size, team);
  const std::string fingerprint = configuration_of(file).value("data_fingerprint", std::string());
  if (!fingerprint.empty() && fingerprint != lamina::hexadecimal(data.fingerprint)) {
    std::cout << "These are not the images of the run that made the weights.\n";
  }
  print(lamina::report_classes(model, workspace, test), data, options.per_class);
}

}  // namespace

void run_evaluation(const Options& options) {
  const lamina::TensorFile file = lamina::read_weights(*options.evaluated);
  const Options of_run = options_of(file, options);
  lamina::visit_network(lamina::kCifarNetworks, of_run.model,
                        [&]<class Network>(const lamina::NamedNetwork<Network>&) { evaluate<Network>(file, of_run); });
}

}  // namespace study
