/// The experiment of the study from beginning to end. In the folders beside this one are the command line, the choice
/// of the data, what is drawn on the terminal and what is written to files.
#include "study/experiment/experiment.hpp"

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <lamina/io/classifier_file.hpp>
#include <lamina/io/model_file.hpp>
#include <lamina/lamina.hpp>
#include <lamina/models/cifar_precompiled.hpp>
#include <lamina/training/checkpointer.hpp>

#include "study/experiment/fingerprint.hpp"
#include "study/experiment/teacher.hpp"
#include "study/experiment/weights.hpp"
#include "study/report/drawing.hpp"
#include "study/run_folder/run_folder.hpp"
#include "study/setup/config.hpp"
#include "study/setup/data.hpp"
#include "study/setup/learning_rate.hpp"
#include "study/setup/optimizer.hpp"
#include "study/terminal/terminal.hpp"
#include "study/terminal/terminal_observer.hpp"
#include "study/text/text.hpp"

namespace study {

namespace {

/// "resumed     in epoch 3, after 120 of its batches": a row of the table for a run that goes on.
std::string beginning(const lamina::BatchPosition& start) {
  std::string row = left("resumed", 12).append("in epoch ").append(std::to_string(start.epoch + 1));
  if (start.batch > 0) row.append(", after ").append(std::to_string(start.batch)).append(" of its batches");
  return row.append("\n");
}

lamina::InitializationScheme initialization(const Options& options) {
  return options.initialization == "he" ? lamina::InitializationScheme::he_normal
                                        : lamina::InitializationScheme::fan_in_uniform;
}

lamina::GradientClipping clipping(const Options& options) {
  return options.clip_norm ? lamina::GradientClipping(*options.clip_norm) : lamina::GradientClipping{};
}

/// The model that training starts with: of random weights, or of those in a file.
/// @throws lamina::FileError  a file that cannot be used
template <class Network>
lamina::Model<Network> first_model(const Options& options) {
  lamina::Model<Network> model(options.seed, initialization(options));
  if (options.weights) read_weights_or_checkpoint(lamina::read_weights(*options.weights), model, options.prefix);
  return model;
}

lamina::WeightAveraging averaging(const Recipe& recipe) {
  if (recipe.ema) return lamina::WeightAveraging::exponential(*recipe.ema);
  return recipe.swa ? lamina::WeightAveraging::stochastic(*recipe.swa) : lamina::WeightAveraging{};
}

lamina::TrainerOptions trainer_options(const Options& options) {
  return {.epochs = options.epochs,
          .batch_size = options.batch_size,
          .seed = options.seed,
          .clipping = clipping(options),
          .micro_batches = options.recipe.accumulate,
          .averaging = averaging(options.recipe)};
}

/// Cross-entropy, beside which a teacher counts where there is one.
lamina::Distillation loss(const Options& options) {
  return {.temperature = options.recipe.temperature,
          .weight = options.recipe.teacher ? options.recipe.teacher_weight : 0,
          .hard = {.label_smoothing = options.label_smoothing}};
}

/// Draws a finished run. It stays finished where that fails: the sentence says why.
std::string drawn(const std::filesystem::path& run) {
  try {
    return draw_run(run);
  } catch (const lamina::Error& error) {
    return std::string("No figures: ").append(error.what());
  }
}

using Loader = lamina::BatchLoader<float>;

/// The experiment on a network, which is a type: the compiler has checked its shapes and counted its parameters.
template <class Network>
Outcome train(const Options& options, const Interruption& interruption) {
  const lamina::Team team(options.threads);
  // The state of the network is one flat array of parameters and one of running statistics.
  lamina::Model<Network> model = first_model<Network>(options);
  const Data data = load_data(options, team);
  // The optimizer is a loop over the parameters, at a learning rate that falls along half a cosine: over all epochs, so
  // that it goes up where a run that is extended goes on.
  ChosenOptimizer optimizer = make_optimizer(options, Network::parameters);
  const lamina::LearningRate learning_rate =
      make_learning_rate(options, (std::ssize(data.split.training) + options.batch_size - 1) / options.batch_size);
  std::optional<LoadedTeacher> teacher = load_teacher(options, team);
  Config config = describe(options, data, team, Network::parameters,
                           {.weights = options.weights ? std::optional(fingerprint(model)) : std::nullopt,
                            .teacher = teacher ? std::optional(teacher->fingerprint) : std::nullopt});
  std::optional<RunFolder> folder;
  if (options.out) folder.emplace(config);
  if (folder) config = folder->config();
  if (folder && !folder->warning().empty()) std::cerr << "warning: " << folder->warning() << "\n";
  const bool resumed = folder && folder->checkpoint();
  const auto start = resumed ? lamina::checkpoint_position(*folder->checkpoint()) : lamina::BatchPosition{};
  std::cout << to_table(config) << (resumed ? beginning(start) : "") << "\n" << std::flush;

  // Batches come from a thread of their own, one ahead of the training. Crops and flips are drawn for an epoch and an
  // image, so the run is the same on any number of threads, and wherever it is taken up again.
  const auto evaluation = lamina::LoaderOptions::evaluation(options.batch_size);
  Loader training(data.sets.train, data.split.training, data.normalization,
                  {.batch_size = options.batch_size,
                   .seed = options.seed,
                   .mixup = options.recipe.mixup,
                   .cutout = options.recipe.cutout},
                  start);
  Loader validation(data.sets.train, data.split.validation, data.normalization, evaluation);
  Loader test(data.sets.test, data.test, data.normalization, evaluation);

  lamina::Trainer trainer(model, std::move(optimizer), learning_rate, training, validation, team,
                          trainer_options(options), loss(options));
  if (teacher) trainer.set_teacher(std::move(teacher->teacher));
  // A run that is extended gets another cosine; the folder has seen to it that all else is as it was.
  if (resumed) lamina::restore_checkpoint(*folder->checkpoint(), trainer, {.other_learning_rate = options.extend});

  // The trainer prints and writes nothing itself: observers do. Files come first, so that an epoch on the terminal is
  // also on the disk, and rows before the checkpoint that takes them for granted.
  std::optional<lamina::Checkpointer<decltype(trainer)>> checkpointer;
  if (folder) {
    trainer.add_observer(*folder);
    checkpointer.emplace(trainer, *options.out, identity(config),
                         lamina::CheckpointerOptions{.steps = options.checkpoint_steps,
                                                     .minutes = options.checkpoint_minutes,
                                                     .metadata = lamina::classifier_metadata(
                                                         data.normalization, data.sets.train.class_names())});
    trainer.add_observer(*checkpointer);
  }
  TerminalObserver terminal(options.progress && is_terminal());
  trainer.add_observer(terminal);

  lamina::TroubleWatch watch(trainer, &lamina::flow_trouble,
                             [&](const lamina::Trouble& trouble) { terminal.warn(trouble); });
  trainer.add_observer(watch);
  const auto failed = [&] { return options.stop_on_failure && watch.trouble().has_value(); };

  const bool finished = trainer.run([&] { return interruption.signal() != 0 || failed(); });
  if (failed()) {
    if (checkpointer) checkpointer->write();
    terminal.stop("Stopped, as --stop-on-failure asks for.");
    return Outcome::in_trouble;
  }
  if (!finished) {
    if (checkpointer) checkpointer->write();
    terminal.stop(options.out ? "Stopped; the same command with --resume goes on from here."
                              : "Stopped. Nothing is left of it: --out names a folder to go on from.");
    return Outcome::interrupted;
  }
  trainer.test(test);
  if (folder) std::cout << drawn(*options.out) << "\n" << std::flush;
  return Outcome::finished;
}

}  // namespace

Outcome run_experiment(const Options& options, const Interruption& interruption) {
  Outcome outcome = Outcome::finished;
  lamina::visit_network(
      lamina::kCifarNetworks, options.model,
      [&]<class Network>(const lamina::NamedNetwork<Network>&) { outcome = train<Network>(options, interruption); });
  return outcome;
}

}  // namespace study
