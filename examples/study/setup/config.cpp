#include "study/setup/config.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

#include <nlohmann/json.hpp>

#include <lamina/core/hash.hpp>

#include "study/text/text.hpp"

namespace study {

namespace {

lamina::Index size_of(std::span<const lamina::Segment> parameters) {
  return std::accumulate(parameters.begin(), parameters.end(), lamina::Index{0},
                         [](lamina::Index sum, const lamina::Segment& tensor) { return sum + tensor.size(); });
}

}  // namespace

Config describe(const Options& options, const Data& data, const lamina::Team& team,
                std::span<const lamina::Segment> parameters, std::optional<std::uint64_t> weights_fingerprint) {
  return {.options = options,
          .extensions = {},
          .weights_fingerprint = weights_fingerprint,
          .data = data.origin,
          .data_fingerprint = data.fingerprint,
          .normalization = data.normalization,
          .parameters = size_of(parameters),
          .parameter_tensors = std::ssize(parameters),
          .training_images = std::ssize(data.split.training),
          .validation_images = std::ssize(data.split.validation),
          .test_images = std::ssize(data.test),
          .threads = team.threads()};
}

namespace {

using Json = nlohmann::ordered_json;

/// What the command line says of the results.
Json flags_of(const Options& options) {
  return {{"model", options.model},
          {"epochs", options.epochs},
          {"batch_size", options.batch_size},
          {"optimizer", options.optimizer},
          {"schedule", "cosine_annealing"},
          {"lr", options.learning_rate},
          {"min_lr", options.minimum_learning_rate},
          {"weight_decay", options.weight_decay},
          {"label_smoothing", options.label_smoothing},
          {"initialization", options.initialization},
          {"clip_norm", options.clip_norm ? Json(*options.clip_norm) : Json()},
          {"seed", options.seed},
          {"limit", options.limit ? Json(*options.limit) : Json()}};
}

Json json_of(const Config& config) {
  Json json = flags_of(config.options);
  json.update({{"threads", config.threads},
               {"parameters", config.parameters},
               {"data", config.data},
               {"data_fingerprint", lamina::hexadecimal(config.data_fingerprint)},
               {"training_images", config.training_images},
               {"validation_images", config.validation_images},
               {"test_images", config.test_images},
               {"mean", config.normalization.mean},
               {"deviation", config.normalization.deviation}});
  if (config.weights_fingerprint) {
    json["weights"] = config.options.weights->string();
    json["weights_fingerprint"] = lamina::hexadecimal(*config.weights_fingerprint);
  }
  for (const Extension& extension : config.extensions) {
    json["extensions"].push_back({{"epochs", extension.epochs}, {"steps", extension.steps}});
  }
  return json;
}

}  // namespace

std::string to_json(const Config& config) {
  // A path may hold bytes that are no UTF-8, which JSON cannot: they are replaced rather than refused.
  return json_of(config).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string identity(const Config& config) {
  Json json = json_of(config);
  json.erase("data");
  json.erase("threads");
  json.erase("weights");
  return json.dump();
}

Plan plan_of(const std::string& json) {
  const Json config = Json::parse(json, nullptr, false);
  const auto has_number = [](const Json& object, const char* name) {
    return object.is_object() && object.contains(name) && object[name].is_number_integer();
  };
  if (!has_number(config, "epochs")) return {};
  Plan plan{.epochs = config["epochs"].get<lamina::Index>(), .extensions = {}};
  if (!config.contains("extensions")) return plan;
  if (!config["extensions"].is_array()) return {};
  for (const Json& extension : config["extensions"]) {
    if (!has_number(extension, "epochs") || !has_number(extension, "steps")) return {};
    plan.extensions.push_back(
        {.epochs = extension["epochs"].get<lamina::Index>(), .steps = extension["steps"].get<lamina::Index>()});
  }
  return plan;
}

std::string flag_difference(const std::string& config, const Options& options) {
  const Json all = Json::parse(config, nullptr, false);
  const Json now = flags_of(options);
  Json before = Json::object();
  for (const auto& [key, value] : now.items()) {
    if (all.is_object() && all.contains(key)) before[key] = all[key];
  }
  for (const char* const key : {"extensions", "weights_fingerprint"}) {
    if (all.is_object() && all.contains(key)) before[key] = all[key];
  }
  return difference(before.dump(), now.dump());
}

std::string difference(const std::string& there, const std::string& here) {
  const Json before = Json::parse(there, nullptr, false);
  const Json now = Json::parse(here);
  if (!before.is_object()) return "its configuration cannot be read";
  std::string text;
  const auto add = [&](const std::string& key) {
    const std::string old = before.contains(key) ? before[key].dump() : "nothing";
    const std::string current = now.contains(key) ? now[key].dump() : "nothing";
    if (old != current) text += (text.empty() ? "" : "; ") + key + ": " + old + " there, " + current + " here";
  };
  for (const auto& [key, value] : now.items()) {
    if (key != "mean" && key != "deviation") add(key);  // they follow from the images and the seed
  }
  for (const auto& [key, value] : before.items()) {
    if (!now.contains(key)) add(key);
  }
  return text;
}

std::string to_table(const Config& config) {
  const Options& options = config.options;
  std::string table;
  const auto row = [&](std::string_view name, const std::string& value) { table += left(name, 12) + value + "\n"; };
  row("model", options.model + ", " + grouped(config.parameters) + " parameters");
  row("data", config.data);
  row("images", grouped(config.training_images) + " training, " + grouped(config.validation_images) + " validation, " +
                    grouped(config.test_images) + " test");
  row("training", grouped(options.epochs) + (options.epochs == 1 ? " epoch" : " epochs") + ", batches of " +
                      grouped(options.batch_size));
  for (const Extension& extension : config.extensions) {
    row("extended", "from " + grouped(extension.epochs) + (extension.epochs == 1 ? " epoch" : " epochs") +
                        " after step " + grouped(extension.steps) + "; since then the learning rate falls over all");
  }
  row("optimizer", (options.optimizer == "lamb" ? "LAMB" : "Adam") + std::string(", learning rate ") +
                       shortest(options.learning_rate) + " falling to " + shortest(options.minimum_learning_rate) +
                       ", weight decay " + shortest(options.weight_decay));
  if (options.label_smoothing > 0) row("smoothing", shortest(options.label_smoothing) + " of each label");
  if (options.initialization == "he") row("weights", "He initialization");
  if (options.weights) row("weights", "of " + options.weights->string());
  if (options.clip_norm) row("clipping", "gradients longer than " + shortest(*options.clip_norm));
  row("seed", std::to_string(options.seed));
  row("threads", std::to_string(config.threads));
  row("results", options.out ? options.out->string() : "not written (--out DIR)");
  return table;
}

}  // namespace study
