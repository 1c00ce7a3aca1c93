#include "study/command_line/recipe_flags.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include <lamina/training/step.hpp>

#include "study/command_line/flag_values.hpp"
#include "study/command_line/options.hpp"

namespace study {

namespace {

using lamina::Index;

/// "adam, adamw, sgd or lamb".
std::string alternatives(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 < words.size() ? ", " : " or ") + words[i];
  return text;
}

const std::vector<std::string>& optimizers() {
  static const std::vector<std::string> names{"adam", "adamw", "sgd", "lamb"};
  return names;
}

const std::vector<std::string>& schedules() {
  static const std::vector<std::string> names{"cosine", "warmup-cosine", "one-cycle", "constant"};
  return names;
}

std::string word(const cxxopts::ParseResult& flags, const std::string& flag, const std::vector<std::string>& words) {
  auto text = flags[flag].as<std::string>();
  if (std::ranges::find(words, text) != words.end()) return text;
  throw UsageError("--" + flag + " must be " + alternatives(words) + ", got '" + text + "'");
}

/// Refuses a flag that means nothing as things are.
void require_belonging(const cxxopts::ParseResult& flags, const std::string& flag, bool holds,
                       const std::string& other) {
  if (flags.count(flag) > 0 && !holds) throw UsageError("--" + flag + " is for " + other);
}

void parse_optimizer(const cxxopts::ParseResult& flags, Recipe& recipe) {
  recipe.optimizer = word(flags, "optimizer", optimizers());
  recipe.momentum = share(flags, "momentum");
  recipe.nesterov = flags.count("nesterov") > 0;
  recipe.no_decay_on_norms = flags.count("no-decay-on-norms") > 0;
  if (flags.count("freeze") > 0) recipe.freeze = flags["freeze"].as<std::string>();
  if (recipe.freeze && recipe.freeze->empty()) throw UsageError("--freeze needs what names begin with, got ''");
  recipe.accumulate = count(flags, "accumulate");
  if (recipe.accumulate > lamina::kMaxMicroBatches) {
    throw UsageError("--accumulate must be at most " + std::to_string(lamina::kMaxMicroBatches) + ", got " +
                     std::to_string(recipe.accumulate));
  }
  require_belonging(flags, "momentum", recipe.optimizer == "sgd", "--optimizer sgd");
  require_belonging(flags, "nesterov", recipe.momentum > 0, "--optimizer sgd with a --momentum above 0");
}

void parse_schedule(const cxxopts::ParseResult& flags, Index epochs, Recipe& recipe) {
  recipe.schedule = word(flags, "schedule", schedules());
  recipe.warmup = count(flags, "warmup");
  require_belonging(flags, "warmup", recipe.schedule == "warmup-cosine", "--schedule warmup-cosine");
  require_belonging(flags, "min-lr", recipe.schedule == "cosine" || recipe.schedule == "warmup-cosine",
                    "the schedules cosine and warmup-cosine");
  if (recipe.schedule == "warmup-cosine" && recipe.warmup >= epochs) {
    throw UsageError("--warmup must be below the " + std::to_string(epochs) + " epochs of the run, got " +
                     std::to_string(recipe.warmup));
  }
}

void parse_averages(const cxxopts::ParseResult& flags, Index epochs, Recipe& recipe) {
  if (flags.count("ema") > 0) recipe.ema = share(flags, "ema");
  if (flags.count("swa") > 0) recipe.swa = count(flags, "swa");
  if (recipe.ema && recipe.swa) throw UsageError("--ema and --swa are two averages of the weights: name one of them");
  if (recipe.swa && *recipe.swa > epochs) {
    throw UsageError("--swa must be one of the " + std::to_string(epochs) + " epochs of the run, got " +
                     std::to_string(*recipe.swa));
  }
}

void parse_images(const cxxopts::ParseResult& flags, Recipe& recipe) {
  recipe.mixup = rate(flags, "mixup");
  recipe.cutout = number<Index>(flags, "cutout", 0, 32, "a whole number of pixels from 0 to 32");
}

void parse_teacher(const cxxopts::ParseResult& flags, Recipe& recipe) {
  if (flags.count("teacher") > 0) recipe.teacher = flags["teacher"].as<std::string>();
  if (flags.count("teacher-model") > 0) recipe.teacher_model = known_network(flags, "teacher-model");
  recipe.temperature = number<double>(flags, "temperature", std::numeric_limits<double>::min(),
                                      std::numeric_limits<double>::max(), "a positive number");
  recipe.teacher_weight = number<double>(flags, "teacher-weight", 0, 1, "a number from 0 to 1");
  for (const char* const flag : {"teacher-model", "temperature", "teacher-weight"})
    require_belonging(flags, flag, recipe.teacher.has_value(), "a run with a --teacher");
}

}  // namespace

void add_recipe_flags(cxxopts::Options& options) {
  const auto text = [](const char* fallback) { return cxxopts::value<std::string>()->default_value(fallback); };
  const auto none = [] { return cxxopts::value<std::string>(); };
  options.add_options("Recipes")                                                                                     //
      ("optimizer", alternatives(optimizers()), text("adam"), "NAME")                                                //
      ("momentum", "of --optimizer sgd", text("0"), "SHARE")                                                         //
      ("nesterov", "Nesterov's momentum for --optimizer sgd")                                                        //
      ("no-decay-on-norms", "no weight decay on biases and the parameters of batch norm")                            //
      ("freeze", "parameters whose names begin so stay as they are", none(), "NAME")                                 //
      ("accumulate", "batches in a step", text("1"), "N")                                                            //
      ("schedule", alternatives(schedules()) + "; warmup-cosine and one-cycle go by steps", text("cosine"), "NAME")  //
      ("warmup", "epochs in which warmup-cosine rises", text("5"), "N")                                              //
      ("ema", "decay of an exponential moving average of the weights", none(), "DECAY")                              //
      ("swa", "average the weights of all epochs from this one on", none(), "EPOCH")                                 //
      ("mixup", "alpha of the distribution Beta(alpha, alpha) by which images are mixed", text("0"), "ALPHA")        //
      ("cutout", "side of the square that is cut out of each image", text("0"), "PIXELS")                            //
      ("teacher", "learn from the network with the weights in a file, too", none(), "FILE")                          //
      ("teacher-model", "what network the teacher is, where its file does not say it", none(), "NAME")               //
      ("temperature", "at which the teacher's probabilities are taken", text("4"), "T")                              //
      ("teacher-weight", "of the teacher beside the labels", text("0.9"), "SHARE");
}

Recipe parse_recipe(const cxxopts::ParseResult& flags, Index epochs) {
  Recipe recipe;
  parse_optimizer(flags, recipe);
  parse_schedule(flags, epochs, recipe);
  parse_averages(flags, epochs, recipe);
  parse_images(flags, recipe);
  parse_teacher(flags, recipe);
  return recipe;
}

}  // namespace study
