#include "study/experiment/teacher.hpp"

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include <lamina/io/model_file.hpp>
#include <lamina/lamina.hpp>
#include <lamina/models/cifar_precompiled.hpp>

#include "study/experiment/fingerprint.hpp"
#include "study/experiment/weights.hpp"

namespace study {

namespace {

/// The network that the weights in a file are for.
std::string model_of(const lamina::TensorFile& file, const Options& options) {
  if (options.recipe.teacher_model) return *options.recipe.teacher_model;
  const auto found = file.metadata().find("configuration");
  const auto json = nlohmann::json::parse(found == file.metadata().end() ? "{}" : found->second, nullptr, false);
  if (json.is_object() && json.contains("model") && json["model"].is_string()) return json["model"].get<std::string>();
  throw lamina::FileError(file.origin().string(), "does not say what network it is for: name it with --teacher-model");
}

}  // namespace

std::optional<LoadedTeacher> load_teacher(const Options& options, const lamina::Team& team) {
  if (!options.recipe.teacher) return std::nullopt;
  const lamina::TensorFile file = lamina::read_weights(*options.recipe.teacher);
  const std::string name = model_of(file, options);
  std::optional<LoadedTeacher> loaded;
  lamina::visit_network(lamina::kCifarNetworks, name, [&]<class Network>(const lamina::NamedNetwork<Network>&) {
    lamina::Model<Network> model;
    read_weights_or_checkpoint(file, model, "");
    const std::uint64_t number = fingerprint(model);
    loaded = LoadedTeacher{number, lamina::make_teacher(name + " " + lamina::hexadecimal(number), std::move(model),
                                                        options.batch_size, team)};
  });
  return loaded;
}

}  // namespace study
