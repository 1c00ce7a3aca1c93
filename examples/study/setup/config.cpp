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
                std::span<const lamina::Segment> parameters, const Fingerprints& fingerprints) {
  return {.options = options,
          .extensions = {},
          .weights_fingerprint = fingerprints.weights,
          .teacher_fingerprint = fingerprints.teacher,
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

/// What a recipe says of the results, but for what is off: runs of programs that knew less of recipes read the same.
Json recipe_of(const Recipe& recipe) {
  Json json = Json::object();
  const auto add = [&](const char* name, const auto& value, bool on) {
    if (on) json[name] = value;
  };
  add("momentum", recipe.momentum, recipe.momentum > 0);
  add("nesterov", recipe.nesterov, recipe.nesterov);
  add("no_decay_on_norms", recipe.no_decay_on_norms, recipe.no_decay_on_norms);
  add("freeze", recipe.freeze.value_or(""), recipe.freeze.has_value());
  add("warmup", recipe.warmup, recipe.schedule == "warmup-cosine");
  add("accumulate", recipe.accumulate, recipe.accumulate > 1);
  add("ema", recipe.ema.value_or(0), recipe.ema.has_value());
  add("swa", recipe.swa.value_or(0), recipe.swa.has_value());
  add("mixup", recipe.mixup, recipe.mixup > 0);
  add("cutout", recipe.cutout, recipe.cutout > 0);
  add("temperature", recipe.temperature, recipe.teacher.has_value());
  add("teacher_weight", recipe.teacher_weight, recipe.teacher.has_value());
  return json;
}

/// A schedule as config.json calls it.
std::string schedule_of(const Recipe& recipe) {
  if (recipe.schedule == "cosine") return "cosine_annealing";
  std::string name = recipe.schedule;
  std::ranges::replace(name, '-', '_');
  return name;
}

/// What the command line says of the results.
Json flags_of(const Options& options) {
  Json json{{"model", options.model},
            {"epochs", options.epochs},
            {"batch_size", options.batch_size},
            {"optimizer", options.recipe.optimizer},
            {"schedule", schedule_of(options.recipe)},
            {"lr", options.learning_rate},
            {"min_lr", options.minimum_learning_rate},
            {"weight_decay", options.weight_decay},
            {"label_smoothing", options.label_smoothing},
            {"initialization", options.initialization},
            {"clip_norm", options.clip_norm ? Json(*options.clip_norm) : Json()},
            {"seed", options.seed},
            {"limit", options.limit ? Json(*options.limit) : Json()}};
  json.update(recipe_of(options.recipe));
  return json;
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
  if (config.teacher_fingerprint) {
    json["teacher"] = config.options.recipe.teacher->string();
    if (config.options.recipe.teacher_model) json["teacher_model"] = *config.options.recipe.teacher_model;
    json["teacher_fingerprint"] = lamina::hexadecimal(*config.teacher_fingerprint);
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
  json.erase("teacher");
  json.erase("teacher_model");
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
  // What is off here is not among the flags, and may be on there.
  for (const char* const key :
       {"extensions", "weights_fingerprint", "teacher_fingerprint", "momentum", "nesterov", "no_decay_on_norms",
        "freeze", "warmup", "accumulate", "ema", "swa", "mixup", "cutout", "temperature", "teacher_weight"}) {
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

namespace {

std::string optimizer_in_words(const Recipe& recipe) {
  if (recipe.optimizer == "lamb") return "LAMB";
  if (recipe.optimizer == "adamw") return "AdamW";
  if (recipe.optimizer == "adam") return "Adam";
  return std::string("SGD") + (recipe.momentum > 0
                                   ? std::string(recipe.nesterov ? " with Nesterov's momentum " : " with momentum ") +
                                         shortest(recipe.momentum)
                                   : "");
}

std::string learning_rate_in_words(const Options& options) {
  const std::string highest = shortest(options.learning_rate);
  const Recipe& recipe = options.recipe;
  if (recipe.schedule == "constant") return highest + " throughout";
  if (recipe.schedule == "one-cycle") return highest + " at the top of one cycle";
  const std::string falling = " falling to " + shortest(options.minimum_learning_rate);
  if (recipe.schedule == "cosine") return highest + falling;
  return highest + " after " + grouped(recipe.warmup) + (recipe.warmup == 1 ? " epoch," : " epochs,") + falling;
}

/// Rows of what the recipe has beyond the optimiser.
template <class Row>
void add_recipe_rows(const Config& config, const Row& row) {
  const Recipe& recipe = config.options.recipe;
  if (recipe.freeze) row("frozen", "parameters whose names begin with " + *recipe.freeze);
  if (recipe.accumulate > 1) row("steps", "of " + grouped(recipe.accumulate) + " batches each");
  if (recipe.mixup > 0) row("mixup", "with alpha " + shortest(recipe.mixup));
  if (recipe.cutout > 0) row("cutout", "of " + grouped(recipe.cutout) + " pixels square");
  if (recipe.ema) row("average", "of the weights, moving, with decay " + shortest(*recipe.ema));
  if (recipe.swa) row("average", "of the weights of all epochs from " + grouped(*recipe.swa) + " on");
  if (recipe.teacher) {
    row("teacher", recipe.teacher->string() + ", temperature " + shortest(recipe.temperature) + ", weight " +
                       shortest(recipe.teacher_weight));
  }
}

}  // namespace

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
  row("optimizer", optimizer_in_words(options.recipe) + ", learning rate " + learning_rate_in_words(options) +
                       ", weight decay " + shortest(options.weight_decay) +
                       (options.recipe.no_decay_on_norms ? ", none on biases and norms" : ""));
  add_recipe_rows(config, row);
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
