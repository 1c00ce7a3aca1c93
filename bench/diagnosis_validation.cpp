/// Measures what a diagnosis finds and what it misses: networks with known faults and healthy ones, and the verdict on
/// each.
///
///     diagnosis_validation --part held-out --seeds 3
///
/// It prints the detection rate of each kind of fault, the false alarms, and what was taken for what.
#include <chrono>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

#include <cxxopts.hpp>

#include "diagnosis/tally.hpp"
#include "diagnosis/validation_case.hpp"

namespace {

using namespace lamina::bench;

struct Options {
  std::string part;
  std::uint64_t seeds = 3;
  std::optional<std::string> data;
};

Options parse(int argc, const char* const* argv) {
  cxxopts::Options definition("diagnosis_validation", "Measures the diagnosis of networks against known faults.");
  definition.add_options()  //
      ("part", "tuning (what thresholds were chosen by) or held-out",
       cxxopts::value<std::string>()->default_value("held-out"))(
          "seeds", "of each case", cxxopts::value<std::uint64_t>()->default_value("3"))  //
      ("data", "folder of CIFAR-100 (default: built-in images)", cxxopts::value<std::string>());
  const auto flags = definition.parse(argc, argv);
  Options options{.part = flags["part"].as<std::string>(), .seeds = flags["seeds"].as<std::uint64_t>(), .data = {}};
  if (flags.count("data") > 0) options.data = flags["data"].as<std::string>();
  if (options.part != "tuning" && options.part != "held-out")
    throw lamina::ArgumentError("--part must be tuning or held-out, got '" + options.part + "'");
  lamina::require(options.seeds > 0, "--seeds must be positive");
  return options;
}

void run(const Options& options) {
  const bool tuning = options.part == "tuning";
  const ImageSource source(options.data);
  const ValidationCases cases = tuning ? tuning_cases() : held_out_cases();
  const auto begin = std::chrono::steady_clock::now();
  Tally tally;
  for (const ValidationCase& validated : cases) {
    for (std::uint64_t n = 0; n < options.seeds; ++n) {
      const std::uint64_t seed = n + (tuning ? 0 : 100);  // held-out seeds are others
      tally.add(validated, seed, validated.diagnose(source, validated.trouble, seed).verdict);
    }
  }
  std::cout << tally.text();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::cout << "\n" << static_cast<int>(seconds.count()) << " s\n";
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse(argc, argv));
    return 0;
  } catch (const cxxopts::exceptions::exception& error) {
    std::cerr << "diagnosis_validation: " << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "diagnosis_validation: " << error.what() << "\n";
    return 1;
  }
}
