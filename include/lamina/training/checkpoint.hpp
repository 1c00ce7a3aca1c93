#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/version.hpp>
#include <lamina/data/loader.hpp>
#include <lamina/io/model_tensors.hpp>
#include <lamina/io/tensor_file.hpp>
#include <lamina/training/trainer.hpp>

/// @file
/// A training run as a file, from which it goes on to the bit: the model (as io/model_tensors.hpp names it), the model
/// of the best epoch (the same names behind "best."), the average of the weights (behind "average.") if there is one,
/// the optimiser's state and the sums of the epoch that is under way as tensors, the position and what tells runs apart
/// as metadata. What is the same in two runs is the same in their checkpoints, byte for byte.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

inline constexpr std::string_view kCheckpointKind = "lamina checkpoint 4";

[[nodiscard]] inline std::string checkpoint_library() { return std::string("lamina ").append(kVersion); }

/// Visits the members of a TrainerState that are single numbers with the names they have in metadata.
template <class State, class Visit>
void for_each_number(State& state, const Visit& visit) {
  visit("epoch", state.epoch);
  visit("batch", state.batch);
  visit("steps", state.optimizer.steps);
  visit("loss_sum", state.training.loss);
  visit("correct", state.training.correct);
  visit("absolute_error_sum", state.training.absolute_error);
  visit("labelled", state.training.labelled);
  visit("images", state.training.images);
  visit("seconds", state.seconds);
  visit("best_epoch", state.best_epoch);
  visit("best_value", state.best_value);
  visit("gathered_batches", state.gathered.batches);
  visit("gathered_samples", state.gathered.samples);
  visit("averaged", state.averaged);
}

/// Visits what a TrainerState says that it is the state of, with the names in metadata.
template <class State, class Visit>
void for_each_description(State& state, const Visit& visit) {
  visit("optimizer", state.optimizer.owner);
  visit("loss", state.description.loss);
  visit("learning_rate", state.description.learning_rate);
  visit("training_batches", state.description.training);
  visit("validation_batches", state.description.validation);
  visit("options", state.description.options);
}

[[nodiscard]] inline const std::string& metadata_of(const TensorFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) throw FileError(file.origin().string(), "its metadata has no '" + key + "'");
  return found->second;
}

/// Number of values of a tensor, 0 where there is none.
[[nodiscard]] inline Index tensor_size(const TensorFile& file, std::string_view name) {
  const StoredTensor* const tensor = file.find(name);
  return tensor == nullptr || tensor->dimensions.size() != 1 ? 0 : tensor->dimensions.front();
}

template <class Number>
void read_number(const TensorFile& file, const std::string& key, Number& value) {
  const std::string& text = metadata_of(file, key);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return;
  throw FileError(file.origin().string(), "its metadata '" + key + "' should be a number, found '" + text + "'");
}

}  // namespace detail

/// A trainer as it stands outside of a step.
/// @param configuration  whatever tells this run from others; a run that resumes compares it
template <class Network, class T, class O, class L>
[[nodiscard]] TensorFile to_checkpoint(const Trainer<Network, T, O, L>& trainer, std::string configuration) {
  const TrainerState<T> state = trainer.state();
  TensorFile file;
  add_model(file, trainer.model());
  add_model(file, trainer.best_model(), "best.");
  file.add<T>("optimizer.state", {std::ssize(state.optimizer.values)}, state.optimizer.values);
  if (trainer.average() != nullptr) add_model(file, *trainer.average(), "average.");
  if (!state.gathered.sum.empty())
    file.add<T>("gathered.gradients", {std::ssize(state.gathered.sum)}, state.gathered.sum);
  file.add<double>("gradient_flow.sums", {std::ssize(state.gradient_flow)}, state.gradient_flow);
  file.add<double>("evidence.sums", {std::ssize(state.evidence)}, state.evidence);
  file.add<double>("evidence.losses", {std::ssize(state.losses)}, state.losses);
  file.metadata() = {{"kind", std::string(detail::kCheckpointKind)},
                     {"library", detail::checkpoint_library()},
                     {"configuration", std::move(configuration)}};
  detail::for_each_number(state, [&](const char* name, auto value) { file.metadata()[name] = to_digits(value); });
  detail::for_each_description(state, [&](const char* name, const std::string& text) { file.metadata()[name] = text; });
  return file;
}

/// What a file must be before a run goes on from it: a whole checkpoint of this version of the library, whose rounding
/// another version does not promise.
/// @throws FileError that says what it is instead
inline void require_checkpoint(const TensorFile& file) {
  const auto refuse = [&](const std::string& problem) { throw FileError(file.origin().string(), problem); };
  const auto kind = file.metadata().find("kind");
  if (kind == file.metadata().end() || !kind->second.starts_with("lamina checkpoint ")) {
    refuse("is no checkpoint of a run");
  }
  if (!file.verified()) refuse("is damaged: it has no checksum");
  const std::string& library = detail::metadata_of(file, "library");
  if (library != detail::checkpoint_library()) {
    refuse("was written by " + library + ", and this is " + detail::checkpoint_library());
  }
  if (kind->second != detail::kCheckpointKind) refuse("is no checkpoint of this kind of run: " + kind->second);
}

/// Where training goes on from a checkpoint. A training loader that begins there need not be sent there.
/// @throws FileError
[[nodiscard]] inline BatchPosition checkpoint_position(const TensorFile& file) {
  BatchPosition position;
  detail::read_number(file, "epoch", position.epoch);
  detail::read_number(file, "batch", position.batch);
  return position;
}

/// Lets a trainer and its model go on from a checkpoint.
/// @throws FileError  when the checkpoint is of another network, lies behind the last epoch, or is of another
/// optimiser,
///                    loss, learning rate, batches or options, naming both; trainer and model are then as before
template <class Network, class T, class O, class L>
void restore_checkpoint(const TensorFile& file, Trainer<Network, T, O, L>& trainer,
                        const RestoreOptions& options = {}) {
  TrainerState<T> state = trainer.state();
  detail::for_each_number(state, [&](const char* name, auto& value) { detail::read_number(file, name, value); });
  detail::for_each_description(state,
                               [&](const char* name, std::string& text) { text = detail::metadata_of(file, name); });
  state.optimizer.values.resize(static_cast<std::size_t>(detail::tensor_size(file, "optimizer.state")));
  file.read<T>("optimizer.state", {std::ssize(state.optimizer.values)}, state.optimizer.values);
  state.gradient_flow.resize(state.batch > 0 ? 3 * Network::parameters.size() : 0);
  file.read<double>("gradient_flow.sums", {std::ssize(state.gradient_flow)}, state.gradient_flow);
  for (auto [name, values] :
       {std::pair{"evidence.sums", &state.evidence}, std::pair{"evidence.losses", &state.losses}}) {
    values->resize(static_cast<std::size_t>(detail::tensor_size(file, name)));
    file.read<double>(name, {std::ssize(*values)}, *values);
  }
  state.gathered.sum.resize(static_cast<std::size_t>(detail::tensor_size(file, "gathered.gradients")));
  if (!state.gathered.sum.empty())
    file.read<T>("gathered.gradients", {std::ssize(state.gathered.sum)}, state.gathered.sum);
  Model<Network, T> model;
  Model<Network, T> best;
  Model<Network, T> average;
  read_model(file, model);
  read_model(file, best, "best.");
  if (state.averaged > 0) read_model(file, average, "average.");
  try {
    trainer.restore(state, {.model = model, .best = best, .average = &average}, options);
  } catch (const ArgumentError& error) {
    throw FileError(file.origin().string(), error.what());
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
