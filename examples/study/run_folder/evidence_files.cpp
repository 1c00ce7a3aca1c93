#include "study/run_folder/evidence_files.hpp"

#include <array>

namespace study {

namespace {

constexpr std::array<std::string_view, 9> kSignalColumns{
    "epoch", "index", "layer", "kind", "mean", "standard_deviation", "squared_mean", "dead_share", "saturated_share"};
constexpr std::array<std::string_view, 5> kUpdateColumns{"epoch", "index", "layer", "kind", "ratio"};
constexpr std::array<std::string_view, 6> kNoiseColumns{"epoch", "index",           "layer",
                                                        "kind",  "signal_to_noise", "noise_scale"};

}  // namespace

EvidenceFiles::EvidenceFiles(const std::filesystem::path& folder)
    : signal_(folder / kNames[0], kSignalColumns),
      updates_(folder / kNames[1], kUpdateColumns),
      noise_(folder / kNames[2], kNoiseColumns) {}

EvidenceFiles::EvidenceFiles(const std::filesystem::path& folder, const Keep& keep)
    : signal_(CsvFile<9>::continued(folder / kNames[0], kSignalColumns, keep)),
      updates_(CsvFile<5>::continued(folder / kNames[1], kUpdateColumns, keep)),
      noise_(CsvFile<6>::continued(folder / kNames[2], kNoiseColumns, keep)) {}

void EvidenceFiles::check(const std::filesystem::path& folder, const Keep& keep) {
  static_cast<void>(CsvFile<9>::rows_to_keep(folder / kNames[0], kSignalColumns, keep));
  static_cast<void>(CsvFile<5>::rows_to_keep(folder / kNames[1], kUpdateColumns, keep));
  static_cast<void>(CsvFile<6>::rows_to_keep(folder / kNames[2], kNoiseColumns, keep));
}

void EvidenceFiles::add(const lamina::TrainingEvidence& evidence) {
  const lamina::Index epoch = evidence.epoch;
  for (std::size_t i = 0; i < evidence.signals.size(); ++i) {
    const lamina::LayerSignal& signal = evidence.signals[i];
    signal_.add(epoch, i, signal.name.view(), signal.kind, signal.mean, signal.standard_deviation, signal.squared_mean,
                signal.dead_share, signal.saturated_share);
  }
  for (std::size_t i = 0; i < evidence.updates.size(); ++i) {
    const lamina::TensorUpdate& update = evidence.updates[i];
    updates_.add(epoch, i, update.name.view(), update.kind, update.ratio);
  }
  const auto add_noise = [&](std::size_t index, std::string_view name, std::string_view kind,
                             const lamina::GradientNoiseScale& noise) {
    noise_.add(epoch, index, name, kind, noise.signal_to_noise, noise.noise_scale);
  };
  const auto& tensors = evidence.noise.tensors;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    add_noise(i, tensors[i].name.view(), tensors[i].kind, tensors[i].noise);
  }
  add_noise(tensors.size(), "all", "network", evidence.noise.total);
  signal_.write();
  updates_.write();
  noise_.write();
  signal_.sync();
  updates_.sync();
  noise_.sync();
}

}  // namespace study
