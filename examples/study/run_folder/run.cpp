#include "study/run_folder/run.hpp"

#include <algorithm>

#include <lamina/core/error.hpp>
#include <lamina/io/file.hpp>

#include "study/text/csv_table.hpp"
#include "study/text/text.hpp"

namespace study {

namespace {

namespace fs = std::filesystem;
using lamina::FileError;
using lamina::Index;

/// "a" of "runs/a/", and of "." the folder that it is.
std::string folder_name(const fs::path& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

void read_config(const fs::path& file, Run& run) {
  try {
    run.config = nlohmann::ordered_json::parse(lamina::read_file(file));
    run.model = run.config.at("model").get<std::string>();
    run.learning_rate = run.config.at("lr").get<double>();
  } catch (const nlohmann::json::exception& error) {
    throw FileError(file.string(), std::string("is no configuration of a run: ") + error.what());
  }
}

std::vector<EpochRow> read_epochs(const fs::path& file) {
  const CsvTable table(file);
  const auto epoch = table.numbers<Index>("epoch");
  const auto learning_rate = table.numbers("lr");
  const auto train_loss = table.numbers("train_loss");
  const auto train_accuracy = table.numbers("train_acc");
  const auto validation_loss = table.numbers("val_loss");
  const auto validation_accuracy = table.numbers("val_acc");
  const auto seconds = table.numbers("seconds");
  std::vector<EpochRow> rows;
  for (std::size_t i = 0; i < table.size(); ++i) {
    rows.push_back({.epoch = epoch[i],
                    .learning_rate = learning_rate[i],
                    .train_loss = train_loss[i],
                    .train_accuracy = train_accuracy[i],
                    .validation_loss = validation_loss[i],
                    .validation_accuracy = validation_accuracy[i],
                    .seconds = seconds[i]});
  }
  if (rows.empty()) throw FileError(file.string(), "has no finished epoch yet");
  return rows;
}

lamina::Name layer_name(const fs::path& file, const std::string& text) {
  constexpr std::size_t longest = 47;  // that lamina::Name holds
  if (text.size() > longest) {
    throw FileError(file.string(), "expected names of layers of at most 47 characters, found '" + text + "'");
  }
  return {text};
}

/// Whether a tensor is a weight of two dimensions or more, by what the file says of it: what batch norm calls its
/// weight is a vector, and so is every bias.
bool is_weight(const std::string& layer, const std::string& kind) {
  return layer.ends_with("weight") && kind != "batch_norm";
}

/// The kinds of the layers, and for the files of earlier versions, which hold weights alone, an empty list.
std::vector<std::string> read_kinds(const CsvTable& table) {
  return table.has("kind") ? table.text("kind") : std::vector<std::string>{};
}

std::vector<EpochFlow> read_flow(const fs::path& file) {
  const CsvTable table(file);
  const auto epoch = table.numbers<Index>("epoch");
  const auto layer = table.text("layer");
  const auto mean_abs = table.numbers("mean_abs");
  const auto l2_norm = table.numbers("l2_norm");
  const auto max_abs = table.numbers("max_abs");
  const auto kind = read_kinds(table);
  std::vector<EpochFlow> flow;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (flow.empty() || flow.back().epoch != epoch[i]) flow.push_back({.epoch = epoch[i], .tensors = {}});
    flow.back().tensors.push_back({.name = layer_name(file, layer[i]),
                                   .kind = kind.empty() ? "layer" : kind[i],
                                   .is_weight = kind.empty() || is_weight(layer[i], kind[i]),
                                   .mean_abs = mean_abs[i],
                                   .l2_norm = l2_norm[i],
                                   .max_abs = max_abs[i]});
  }
  if (flow.empty()) throw FileError(file.string(), "has no finished epoch yet");
  if (std::ranges::none_of(flow.front().tensors, &lamina::TensorFlow::is_weight)) {
    throw FileError(file.string(), "has no weight tensor");
  }
  for (const auto& [number, tensors] : flow) {
    if (tensors.size() != flow.front().tensors.size()) {
      throw FileError(file.string(), "epoch " + std::to_string(number) + ": expected " +
                                         std::to_string(flow.front().tensors.size()) + " layers as in epoch " +
                                         std::to_string(flow.front().epoch) + ", found " +
                                         std::to_string(tensors.size()));
    }
  }
  return flow;
}

std::vector<AverageRow> read_averages(const fs::path& file) {
  if (!fs::exists(file)) return {};
  const CsvTable table(file);
  const auto epoch = table.numbers<Index>("epoch");
  const auto accuracy = table.numbers("val_acc");
  std::vector<AverageRow> rows;
  for (std::size_t i = 0; i < table.size(); ++i)
    rows.push_back({.epoch = epoch[i], .validation_accuracy = accuracy[i]});
  return rows;
}

std::optional<TestRow> read_test(const fs::path& file) {
  if (!fs::exists(file)) return std::nullopt;
  const CsvTable table(file);
  const auto loss = table.numbers("test_loss");
  const auto accuracy = table.numbers("test_acc");
  const auto best_epoch = table.numbers<Index>("best_epoch");
  if (table.size() == 0) return std::nullopt;  // its first line is written before its row
  return TestRow{.loss = loss[0], .accuracy = accuracy[0], .best_epoch = best_epoch[0]};
}

}  // namespace

std::string Run::title() const {
  std::string text = model + ", learning rate " + shortest(learning_rate);
  const auto add = [&](const char* key, const nlohmann::ordered_json& usual, const char* label) {
    const nlohmann::ordered_json value = config.value(key, usual);
    if (value == usual) return;
    text.append(", ").append(label);
    if (!value.is_boolean()) text.append(value.is_string() ? value.get<std::string>() : value.dump());
  };
  add("optimizer", "adam", "");
  add("momentum", nullptr, "momentum ");
  add("nesterov", nullptr, "Nesterov");
  add("schedule", "cosine_annealing", "");
  add("warmup", nullptr, "warm-up ");
  add("initialization", "default", "initialisation ");
  add("weight_decay", 0.0, "weight decay ");
  add("no_decay_on_norms", nullptr, "none on norms");
  add("label_smoothing", 0.0, "label smoothing ");
  add("clip_norm", nullptr, "clipped at ");
  add("weights", nullptr, "from ");
  add("freeze", nullptr, "frozen ");
  add("accumulate", nullptr, "batches in a step ");
  add("ema", nullptr, "EMA ");
  add("swa", nullptr, "SWA from epoch ");
  add("mixup", nullptr, "mixup ");
  add("cutout", nullptr, "cutout ");
  add("teacher", nullptr, "taught by ");
  return text;
}

BestEpoch Run::best() const {
  const auto validated = [&](const EpochRow& row) {
    const auto average = std::ranges::find(averages, row.epoch, &AverageRow::epoch);
    return average == averages.end() ? row.validation_accuracy : average->validation_accuracy;
  };
  const auto best = std::ranges::max_element(epochs, {}, validated);
  return {.epoch = best->epoch, .validation_accuracy = validated(*best)};
}

bool has_finished_epoch(const fs::path& folder) {
  const fs::path summary = folder / "summary.csv";
  return fs::exists(summary) && CsvTable(summary).size() > 0;
}

Run read_run(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw FileError(folder.string(), "no such folder");
  Run run;
  run.name = folder_name(folder);
  read_config(folder / "config.json", run);
  run.epochs = read_epochs(folder / "summary.csv");
  run.averages = read_averages(folder / "average_summary.csv");
  run.flow = read_flow(folder / "gradient_flow.csv");
  run.test = read_test(folder / "test_summary.csv");
  return run;
}

}  // namespace study
