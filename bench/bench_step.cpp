/// Times a training step or an inference of one of the five networks on random images, and prints one line of JSON:
///
///     bench_step --model vgg38-bn-rc --threads 2
///
/// A training step is forward, loss, backward and Adam, as in training. Two steps go before those that are measured.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <vector>

#include <cxxopts.hpp>
#include <nlohmann/json.hpp>

#include <lamina/lamina.hpp>

namespace {

using lamina::Index;

enum class Mode { train, infer };

struct Options {
  std::string model;
  Index batch_size = 100;
  int threads = 0;
  Index steps = 10;
  Mode mode = Mode::train;
};

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Options parse_options(int argc, const char* const* argv) try {
  cxxopts::Options definition("bench_step", "Times a training step or an inference of a VGG network.");
  definition.add_options()                                                                         //
      ("model", "vgg08, vgg38, vgg38-bn, vgg38-rc or vgg38-bn-rc", cxxopts::value<std::string>())  //
      ("batch-size", "images in a step", cxxopts::value<Index>()->default_value("100"))            //
      ("threads", "threads to use (0: all cores)", cxxopts::value<int>()->default_value("0"))      //
      ("steps", "steps to measure", cxxopts::value<Index>()->default_value("10"))                  //
      ("mode", "train or infer", cxxopts::value<std::string>()->default_value("train"));
  const auto flags = definition.parse(argc, argv);
  if (!flags.unmatched().empty()) throw UsageError("unexpected argument '" + flags.unmatched().front() + "'");
  if (flags.count("model") == 0) throw UsageError("--model is missing");
  const auto mode = flags["mode"].as<std::string>();
  if (mode != "train" && mode != "infer") throw UsageError("--mode must be train or infer, got '" + mode + "'");
  const Options options{.model = flags["model"].as<std::string>(),
                        .batch_size = flags["batch-size"].as<Index>(),
                        .threads = flags["threads"].as<int>(),
                        .steps = flags["steps"].as<Index>(),
                        .mode = mode == "train" ? Mode::train : Mode::infer};
  if (options.batch_size < 1) throw UsageError("--batch-size must be positive");
  if (options.threads < 0) throw UsageError("--threads must not be negative");
  if (options.steps < 1) throw UsageError("--steps must be positive");
  return options;
} catch (const cxxopts::exceptions::exception& error) {
  throw UsageError(error.what());
}

/// Milliseconds of each step, in ascending order.
template <class Step>
std::vector<double> time_steps(Index steps, const Step& step) {
  using Clock = std::chrono::steady_clock;
  constexpr int kWarmUp = 2;
  for (int i = 0; i < kWarmUp; ++i) step();
  std::vector<double> times;
  for (Index i = 0; i < steps; ++i) {
    const auto start = Clock::now();
    step();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::ranges::sort(times);
  return times;
}

template <class Network>
std::vector<double> measure(const Options& options) {
  lamina::RandomStream random(0, lamina::RandomPurpose::test);
  lamina::Tensor<float> images(options.batch_size, Network::input_shape);
  for (float& value : std::span(images.data(), static_cast<std::size_t>(images.size()))) {
    value = static_cast<float>(random.normal());
  }
  std::vector<lamina::Label> labels(static_cast<std::size_t>(options.batch_size));
  for (auto& label : labels) label = static_cast<lamina::Label>(random.below(Network::output_shape.channels));

  const lamina::Team team(options.threads);
  lamina::Model<Network> model;
  if (options.mode == Mode::infer) {
    const auto frozen = lamina::freeze(model);
    lamina::FrozenWorkspace<Network> workspace(options.batch_size, team);
    return time_steps(options.steps, [&] { frozen.infer(workspace, images.view()); });
  }
  lamina::TrainingStep step(model, lamina::Adam<float>(Network::parameter_count), options.batch_size, team);
  return time_steps(options.steps, [&] { step(images.view(), labels, 1e-3); });
}

/// Of the whole program, in units of 10^6 bytes.
double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

/// @param multiply_adds  of one image's forward pass by direct convolution; backward has twice as many
nlohmann::ordered_json report(const Options& options, const std::vector<double>& times, Index parameters,
                              Index multiply_adds) {
  const std::size_t half = times.size() / 2;
  const double median = times.size() % 2 == 1 ? times[half] : (times[half - 1] + times[half]) / 2;
  const auto images = static_cast<double>(options.batch_size);
  const double operations = 2.0 * static_cast<double>(multiply_adds) * images * (options.mode == Mode::train ? 3 : 1);
  return {{"model", options.model},
          {"mode", options.mode == Mode::train ? "train" : "infer"},
          {"batch_size", options.batch_size},
          {"threads", lamina::Team(options.threads).threads()},
          {"parameters", parameters},
          {"step_ms_median", median},
          {"step_ms_min", times.front()},
          {"images_per_second", images / median * 1e3},
          {"gflops_effective", operations / median / 1e6},
          {"peak_rss_mb", peak_memory()}};
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse_options(argc, argv);
    try {
      lamina::visit_vgg(options.model, [](const auto&) {});
    } catch (const lamina::ArgumentError& error) {
      throw UsageError(error.what());
    }
    lamina::visit_vgg(options.model, [&]<class Network>(const lamina::NamedNetwork<Network>&) {
      const auto times = measure<Network>(options);
      std::cout << report(options, times, Network::parameter_count, Network::multiply_adds).dump() << "\n";
    });
    return 0;
  } catch (const UsageError& error) {
    std::cerr << "bench_step: " << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "bench_step: " << error.what() << "\n";
    return 1;
  }
}
