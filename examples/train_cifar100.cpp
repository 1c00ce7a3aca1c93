/// Trains one of the VGG networks on CIFAR-100 and shows what becomes of its gradients:
///
///     train_cifar100 --model vgg38 --limit 5000 --epochs 1
///
/// The experiment itself is study/experiment.cpp.
#include <exception>
#include <iostream>
#include <new>

#include <lamina/lamina.hpp>

#include "study/evaluation.hpp"
#include "study/experiment.hpp"
#include "study/options.hpp"
#include "study/tables.hpp"

using namespace study;

namespace {

int run(const Options& options) {
  int status = 0;
  if (!options.help.empty()) {
    std::cout << options.help;
  } else if (options.summary) {
    lamina::visit_vgg(options.model, []<class Network>(const lamina::NamedNetwork<Network>& network) {
      print_layers<Network>(network.name);
    });
  } else if (options.evaluated) {
    run_evaluation(options);
  } else {
    const Interruption interruption;
    // What shells say of a program that a signal ended.
    if (!run_experiment(options, interruption)) status = 128 + interruption.signal();
  }
  if (!std::cout.flush()) throw lamina::FileError("standard output", "cannot be written");
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse_options(argc, argv));
  } catch (const UsageError& error) {
    std::cerr << "train_cifar100: " << error.what() << " (--help lists the options)\n";
    return 2;
  } catch (const std::bad_alloc&) {
    std::cerr << "train_cifar100: not enough memory\n";
  } catch (const std::exception& error) {
    std::cerr << "train_cifar100: " << error.what() << "\n";
  }
  return 1;
}
