#include "study/command_line/options.hpp"

#include <cmath>
#include <limits>
#include <string_view>

#include <cxxopts.hpp>

#include <lamina/models/cifar_networks.hpp>

#include "study/command_line/flag_values.hpp"
#include "study/command_line/program.hpp"
#include "study/command_line/recipe_flags.hpp"
#include "study/text/text.hpp"

namespace study {

namespace {

using lamina::Index;

cxxopts::Options command_line() {
  cxxopts::Options options("train_cifar100", "Trains a VGG network on CIFAR-100 and shows how its gradients flow.");
  const auto text = [](const char* fallback) { return cxxopts::value<std::string>()->default_value(fallback); };
  // All values are taken as text: our own messages name the flag, what it takes and what it got.
  options.add_options()                                                                                        //
      ("model", "one of: " + lamina::names_of(lamina::kCifarNetworks), cxxopts::value<std::string>(), "NAME")  //
      ("data",
       "folder with train.bin and test.bin; else $LAMINA_CIFAR100, else ./data/cifar-100-binary, "
       "else built-in images",
       cxxopts::value<std::string>(), "DIR")                                                               //
      ("epochs", "passes over the training images", text("100"), "N")                                      //
      ("batch-size", "images in a batch", text("100"), "N")                                                //
      ("lr", "learning rate of the first epoch", text("1e-3"), "RATE")                                     //
      ("min-lr", "learning rate that the cosine falls to", text("2e-5"), "RATE")                           //
      ("weight-decay", "of the optimizer", text("0"), "DECAY")                                             //
      ("seed", "of weights, split, order and augmentation", text("0"), "N")                                //
      ("threads", "threads to use (default: all cores)", cxxopts::value<std::string>(), "N")               //
      ("out", "folder for the results (default: none are written)", cxxopts::value<std::string>(), "DIR")  //
      ("resume", "continue the run in --out from its checkpoint")                                          //
      ("extend", "with --resume: let the run have more --epochs than it was begun with")                   //
      ("checkpoint-minutes", "also write a checkpoint so long after the last; 0: only after epochs", text("10"),
       "M")                                                                                             //
      ("checkpoint-steps", "also write a checkpoint after every N batches; 0: do not", text("0"), "N")  //
      ("limit", "use only N training and N/10 validation images", cxxopts::value<std::string>(), "N")   //
      ("stop-on-failure", "end a run whose first epoch shows trouble, with exit status 3")              //
      ("no-progress", "plain lines instead of progress bars")                                           //
      ("summary", "print the layers of the network and exit")                                           //
      ("eval", "measure the weights in a file on the test images and exit", cxxopts::value<std::string>(),
       "FILE")                                                       //
      ("per-class", "with --eval: also the accuracy of each class")  //
      ("prefix", "with --eval or --weights: strip it from the names in the file, such as module.", text(""), "TEXT")(
          "help", "print this and exit");
  options.add_options("Going further")                                                                      //
      ("label-smoothing", "share of each label that is spread over all classes", text("0"), "SHARE")        //
      ("init", "default (uniform, PyTorch's) or he (normal, keeps the variance)", text("default"), "NAME")  //
      ("clip-norm", "longest gradient of all parameters together (default: any)", cxxopts::value<std::string>(),
       "NORM")  //
      ("weights", "start from the weights in a file (default: random ones)", cxxopts::value<std::string>(), "FILE");
  add_recipe_flags(options);
  return options;
}

/// The value of a flag that takes one of two words.
std::string word(const cxxopts::ParseResult& flags, const std::string& flag, const std::string& first,
                 const std::string& second) {
  auto text = flags[flag].as<std::string>();
  if (text != first && text != second) {
    throw UsageError("--" + flag + " must be " + first + " or " + second + ", got '" + text + "'");
  }
  return text;
}

/// Whether a schedule has the lowest rate of the command line.
bool falls_to_minimum(const Recipe& recipe) {
  return recipe.schedule == "cosine" || recipe.schedule == "warmup-cosine";
}

std::string known_model(const cxxopts::ParseResult& flags) {
  if (flags.count("model") == 0) throw UsageError("--model is missing");
  return known_network(flags, "model");
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  cxxopts::Options definition = command_line();
  const cxxopts::ParseResult flags = parse(definition, argc, argv);
  Options options;
  if (flags.count("help") > 0) {
    options.help = definition.help();
    return options;
  }
  if (!flags.unmatched().empty()) throw UsageError("unexpected argument '" + flags.unmatched().front() + "'");
  if (flags.count("eval") > 0) options.evaluated = flags["eval"].as<std::string>();
  options.per_class = flags.count("per-class") > 0;
  if (options.per_class && !options.evaluated) throw UsageError("--per-class needs --eval");
  if (!options.evaluated || flags.count("model") > 0) options.model = known_model(flags);
  options.epochs = count(flags, "epochs");
  options.batch_size = count(flags, "batch-size");
  options.learning_rate = rate(flags, "lr");
  options.minimum_learning_rate = rate(flags, "min-lr");
  options.weight_decay = rate(flags, "weight-decay");
  options.seed = number<std::uint64_t>(flags, "seed", 0, std::numeric_limits<std::uint64_t>::max(),
                                       "a whole number that is not negative");
  if (flags.count("threads") > 0) options.threads = number<int>(flags, "threads", 1, 1024, "a number from 1 to 1024");
  if (flags.count("limit") > 0) options.limit = count(flags, "limit");
  if (flags.count("data") > 0) options.data = flags["data"].as<std::string>();
  if (flags.count("out") > 0) options.out = flags["out"].as<std::string>();
  options.resume = flags.count("resume") > 0;
  if (options.resume && !options.out) throw UsageError("--resume needs the folder of the run: --out");
  options.extend = flags.count("extend") > 0;
  if (options.extend && !options.resume) throw UsageError("--extend is for a run that goes on: it needs --resume");
  options.checkpoint_minutes = rate(flags, "checkpoint-minutes");
  options.checkpoint_steps = number<Index>(flags, "checkpoint-steps", 0, std::numeric_limits<Index>::max(),
                                           "a whole number that is not negative");
  options.stop_on_failure = flags.count("stop-on-failure") > 0;
  options.progress = flags.count("no-progress") == 0;
  options.summary = flags.count("summary") > 0;
  options.label_smoothing = number<double>(flags, "label-smoothing", 0, 1, "a number from 0 to 1");
  options.initialization = word(flags, "init", "default", "he");
  if (flags.count("clip-norm") > 0) {
    options.clip_norm = number<double>(flags, "clip-norm", std::numeric_limits<double>::min(),
                                       std::numeric_limits<double>::max(), "a positive number");
  }
  options.recipe = parse_recipe(flags, options.epochs);
  if (flags.count("weights") > 0) options.weights = flags["weights"].as<std::string>();
  if (options.weights && flags.count("init") > 0) {
    throw UsageError("--init draws weights and --weights reads them: name one of the two");
  }
  if (options.weights && options.evaluated) {
    throw UsageError("--eval measures weights and --weights trains them: name one of the two");
  }
  options.prefix = flags["prefix"].as<std::string>();
  if (!options.prefix.empty() && !options.weights && !options.evaluated) {
    throw UsageError("--prefix is for the file of --weights or --eval, and neither is there");
  }
  if (!falls_to_minimum(options.recipe)) options.minimum_learning_rate = 0;
  if (options.minimum_learning_rate > options.learning_rate) {
    throw UsageError("--min-lr must not be above --lr, got " + shortest(options.minimum_learning_rate) + " and " +
                     shortest(options.learning_rate));
  }
  return options;
}

}  // namespace study
