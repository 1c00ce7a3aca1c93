#include "config.hpp"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "text.hpp"

namespace study {

Config describe(const Options& options, const Data& data, const lamina::Team& team, lamina::Index parameters) {
  return {.options = options,
          .data = data.origin,
          .normalization = data.normalization,
          .parameters = parameters,
          .training_images = std::ssize(data.split.training),
          .validation_images = std::ssize(data.split.validation),
          .test_images = std::ssize(data.test),
          .threads = team.threads()};
}

std::string to_json(const Config& config) {
  const Options& options = config.options;
  const nlohmann::ordered_json json{
      {"model", options.model},
      {"parameters", config.parameters},
      {"data", config.data},
      {"training_images", config.training_images},
      {"validation_images", config.validation_images},
      {"test_images", config.test_images},
      {"mean", config.normalization.mean},
      {"deviation", config.normalization.deviation},
      {"epochs", options.epochs},
      {"batch_size", options.batch_size},
      {"optimizer", "adam"},
      {"schedule", "cosine_annealing"},
      {"lr", options.learning_rate},
      {"min_lr", options.minimum_learning_rate},
      {"weight_decay", options.weight_decay},
      {"seed", options.seed},
      {"threads", config.threads},
      {"limit", options.limit ? nlohmann::ordered_json(*options.limit) : nlohmann::ordered_json()}};
  // A path may hold bytes that are no UTF-8, which JSON cannot: they are replaced rather than refused.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
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
  row("optimizer", "Adam, learning rate " + shortest(options.learning_rate) + " falling to " +
                       shortest(options.minimum_learning_rate) + ", weight decay " + shortest(options.weight_decay));
  row("seed", std::to_string(options.seed));
  row("threads", std::to_string(config.threads));
  row("results", options.out ? options.out->string() : "not written (--out DIR)");
  return table;
}

}  // namespace study
