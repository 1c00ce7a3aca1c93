#include "study/setup/data.hpp"

#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <optional>
#include <system_error>

#include <lamina/core/error.hpp>
#include <lamina/data/cifar.hpp>
#include <lamina/data/fingerprint.hpp>
#include <lamina/data/procedural.hpp>

namespace study {

namespace {

using lamina::Index;

constexpr double kValidationFraction = 0.05;  // 25 of the 500 images of each class

/// A folder that was named is used even if it is not there: a typing error must not end in other images.
std::optional<std::filesystem::path> data_folder(const Options& options) {
  if (options.data) return options.data;
  const char* const variable = std::getenv("LAMINA_CIFAR100");
  if (variable != nullptr && *variable != '\0') return variable;
  const std::filesystem::path local = "data/cifar-100-binary";
  std::error_code error;
  if (std::filesystem::is_directory(local, error)) return local;
  return std::nullopt;
}

std::vector<Index> all_positions(const lamina::Dataset& images) {
  std::vector<Index> all(static_cast<std::size_t>(images.size()));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

}  // namespace

Data load_data(const Options& options, const lamina::Team& team) {
  const auto folder = data_folder(options);
  Data data;
  data.origin = folder ? folder->string() : "built-in images (no CIFAR-100 found; scripts/get_cifar100.sh fetches it)";
  data.sets =
      folder ? lamina::read_cifar100(*folder) : lamina::procedural_cifar100({}, lamina::Cifar100Labels::fine, team);
  data.fingerprint = lamina::fingerprint(data.sets);
  data.split = options.limit ? lamina::limited_split(data.sets.train, *options.limit, options.seed)
                             : lamina::stratified_split(data.sets.train, kValidationFraction, options.seed);
  // Its loader would say so, too, but only after the run's folder was made.
  lamina::require(options.evaluated || options.batch_size <= std::ssize(data.split.training),
                  "batch size " + std::to_string(options.batch_size) + " is larger than the " +
                      std::to_string(data.split.training.size()) + " images of " + data.sets.train.name());
  data.test = all_positions(data.sets.test);
  data.normalization = lamina::measure_normalization(data.sets.train, data.split.training);
  return data;
}

}  // namespace study
