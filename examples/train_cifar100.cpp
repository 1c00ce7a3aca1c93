/// Trains one of the library's networks on CIFAR-100 and shows what becomes of its gradients:
///
///     train_cifar100 --model vgg38 --limit 5000 --epochs 1
///
/// The experiment itself is study/experiment/experiment.cpp.
#include <iostream>

#include <lamina/models/cifar_networks.hpp>

#include "study/command_line/options.hpp"
#include "study/command_line/program.hpp"
#include "study/experiment/evaluation.hpp"
#include "study/experiment/experiment.hpp"
#include "study/terminal/tables.hpp"

using namespace study;

namespace {

int run(const Options& options) {
  if (!options.help.empty()) {
    std::cout << options.help;
  } else if (options.summary) {
    lamina::visit_network(
        lamina::kCifarNetworks, options.model,
        []<class Network>(const lamina::NamedNetwork<Network>& network) { print_layers<Network>(network.name); });
  } else if (options.evaluated) {
    run_evaluation(options);
  } else {
    const Interruption interruption;
    // Interrupted: what shells say of a program that a signal ended.
    switch (run_experiment(options, interruption)) {
      case Outcome::finished:
        return 0;
      case Outcome::interrupted:
        return 128 + interruption.signal();
      case Outcome::in_trouble:
        return 3;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("train_cifar100", [&] { return run(parse_options(argc, argv)); });
}
