/// Times a training step or an inference of one of the networks on random images, and prints one line of JSON:
///
///     bench_step --model vgg38-bn-rc --threads 2
///
/// A training step is forward, loss, backward and Adam, as in training; inference is that of a frozen model. Two steps
/// go before those that are measured.
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/resource.h>

#include <cxxopts.hpp>
#include <nlohmann/json.hpp>

#include <lamina/core/team.hpp>

#include "step_measurement.hpp"

namespace {

using namespace lamina::bench;
using lamina::Index;

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

StepOptions parse_options(int argc, const char* const* argv) try {
  cxxopts::Options definition("bench_step", "Times a training step or an inference of a network.");
  definition.add_options()                                                                     //
      ("model", "one of: " + network_names(), cxxopts::value<std::string>())                   //
      ("batch-size", "images in a step", cxxopts::value<Index>()->default_value("100"))        //
      ("threads", "threads to use (0: all cores)", cxxopts::value<int>()->default_value("0"))  //
      ("steps", "steps to measure", cxxopts::value<int>()->default_value("10"))                //
      ("mode", "train or infer", cxxopts::value<std::string>()->default_value("train"))        //
      ("evidence-interval", "measure one training step of so many for the evidence (0: none)",
       cxxopts::value<Index>()->default_value("8"));
  const auto flags = definition.parse(argc, argv);
  if (!flags.unmatched().empty()) throw UsageError("unexpected argument '" + flags.unmatched().front() + "'");
  if (flags.count("model") == 0) throw UsageError("--model is missing");
  const auto mode = flags["mode"].as<std::string>();
  if (mode != "train" && mode != "infer") throw UsageError("--mode must be train or infer, got '" + mode + "'");
  const StepOptions options{.model = flags["model"].as<std::string>(),
                            .batch_size = flags["batch-size"].as<Index>(),
                            .threads = flags["threads"].as<int>(),
                            .steps = flags["steps"].as<int>(),
                            .mode = mode == "train" ? Mode::train : Mode::infer,
                            .evidence_interval = flags["evidence-interval"].as<Index>()};
  if (options.batch_size < 1) throw UsageError("--batch-size must be positive");
  if (options.threads < 0) throw UsageError("--threads must not be negative");
  if (options.evidence_interval < 0) throw UsageError("--evidence-interval must not be negative");
  if (options.steps < 1) throw UsageError("--steps must be positive");
  return options;
} catch (const cxxopts::exceptions::exception& error) {
  throw UsageError(error.what());
}

/// @throws UsageError when there is no such network
StepMeasurement measure(const StepOptions& options) {
  if (auto measurement = measure_one_of<lamina::kVggNetworks>(options)) return *measurement;
  if (auto measurement = measure_one_of<kUserNetworks>(options)) return *measurement;
  throw UsageError("unknown model '" + options.model + "', expected one of: " + network_names());
}

/// Of the whole program, in units of 10^6 bytes.
double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

nlohmann::ordered_json report(const StepOptions& options, const StepMeasurement& measurement) {
  const double step = median(measurement.times);
  const auto images = static_cast<double>(options.batch_size);
  // Backward has twice the products of forward: one for the data, one for the weights.
  const double operations = (options.mode == Mode::train ? 6 : 2) * static_cast<double>(measurement.multiply_adds);
  return {{"model", options.model},
          {"mode", options.mode == Mode::train ? "train" : "infer"},
          {"batch_size", options.batch_size},
          {"threads", lamina::Team(options.threads).threads()},
          {"parameters", measurement.parameters},
          {"step_ms_median", step},
          {"step_ms_min", measurement.times.front()},
          {"images_per_second", images / step * 1e3},
          {"gflops_effective", operations * images / step / 1e6},
          {"peak_rss_mb", peak_memory()}};
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const StepOptions options = parse_options(argc, argv);
    std::cout << report(options, measure(options)).dump() << "\n";
    return 0;
  } catch (const UsageError& error) {
    std::cerr << "bench_step: " << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "bench_step: " << error.what() << "\n";
    return 1;
  }
}
