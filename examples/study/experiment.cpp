/// The experiment of the study from beginning to end. Beside this file lie the command line, the choice of the data,
/// what is drawn on the terminal and what is written to files.
#include "experiment.hpp"

#include <iostream>
#include <optional>

#include <lamina/lamina.hpp>

#include "config.hpp"
#include "data.hpp"
#include "run_folder.hpp"
#include "terminal.hpp"
#include "terminal_observer.hpp"

namespace study {

namespace {

/// The experiment on a network, which is a type: the compiler has checked its shapes and counted its parameters.
template <class Network>
void train(const Options& options) {
  const lamina::Team team(options.threads);
  const Data data = load_data(options, team);

  // Batches come from a thread of their own, one ahead of the training. Crops and flips are drawn for an epoch and an
  // image, so the run is the same on any number of threads.
  using Loader = lamina::BatchLoader<float>;
  const auto evaluation = lamina::LoaderOptions::evaluation(options.batch_size);
  Loader training(data.sets.train, data.split.training, data.normalization,
                  {.batch_size = options.batch_size, .seed = options.seed});
  Loader validation(data.sets.train, data.split.validation, data.normalization, evaluation);
  Loader test(data.sets.test, data.test, data.normalization, evaluation);

  const Config config = describe(options, data, team, Network::parameter_count);
  std::optional<RunFolder> folder;
  if (options.out) folder.emplace(*options.out, to_json(config));
  std::cout << to_table(config) << "\n" << std::flush;

  // The state of the network is one flat array of parameters and one of running statistics. Adam is a loop over the
  // first, at a learning rate that falls along half a cosine.
  lamina::Model<Network> model(options.seed);
  const lamina::Adam<float> adam(Network::parameter_count, {.weight_decay = options.weight_decay});
  const lamina::CosineAnnealing schedule(options.learning_rate, options.minimum_learning_rate, options.epochs);
  lamina::Trainer trainer(model, adam, schedule, training, validation, team,
                          {.epochs = options.epochs, .batch_size = options.batch_size, .seed = options.seed});

  // The trainer prints and writes nothing itself: observers do. Files come first, so that an epoch on the terminal is
  // also on the disk.
  if (folder) trainer.add_observer(*folder);
  TerminalObserver terminal(options.progress && is_terminal());
  trainer.add_observer(terminal);

  trainer.run();
  trainer.test(test);
}

}  // namespace

void run_experiment(const Options& options) {
  lamina::visit_vgg(options.model,
                    [&]<class Network>(const lamina::NamedNetwork<Network>&) { train<Network>(options); });
}

}  // namespace study
