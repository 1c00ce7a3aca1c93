#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include <lamina/core/index.hpp>
#include <lamina/diagnostics/training_evidence.hpp>

#include "study/text/csv_file.hpp"

namespace study {

/// What a run writes of its evidence after each epoch: signal.csv (a row a layer), updates.csv (a row a parameter
/// tensor) and noise.csv (a row a weight tensor whose noise is measured, and one of all together, "all").
class EvidenceFiles {
 public:
  static constexpr std::string_view kNames[] = {"signal.csv", "updates.csv", "noise.csv"};

  /// Whether the rows of an epoch are to be kept, given its number as text.
  using Keep = std::function<bool(std::string_view)>;

  /// Makes the files in a folder.
  /// @throws lamina::FileError when one cannot be written
  explicit EvidenceFiles(const std::filesystem::path& folder);
  /// Goes on with those that are there, behind the rows to keep.
  /// @throws lamina::FileError as check(), and when one cannot be written
  EvidenceFiles(const std::filesystem::path& folder, const Keep& keep);

  /// Looks whether the files can be gone on with, and changes nothing.
  /// @throws lamina::FileError when one is missing or begins with other columns
  static void check(const std::filesystem::path& folder, const Keep& keep);

  /// Writes the rows of an epoch, and waits until they are on the disk.
  /// @throws lamina::FileError
  void add(const lamina::TrainingEvidence& evidence);

 private:
  CsvFile<9> signal_;
  CsvFile<5> updates_;
  CsvFile<6> noise_;
};

}  // namespace study
