#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include <lamina/io/tensor_file.hpp>
#include <lamina/training/observer.hpp>

#include "study/run_folder/evidence_files.hpp"
#include "study/run_folder/folder_lock.hpp"
#include "study/setup/config.hpp"
#include "study/text/csv_file.hpp"

namespace study {

/// The folder of a training run, which belongs to it alone: config.json from the start, a row of summary.csv and the
/// rows of gradient_flow.csv and of the EvidenceFiles after each epoch, and one of average_summary.csv where the
/// weights are averaged, test_summary.csv at the end. Rows of finished epochs survive whatever ends the program. The
/// checkpoint is somebody else's to write (lamina::Checkpointer), and this one's to find.
class RunFolder : public lamina::TrainingObserver {
 public:
  /// Makes the folder for a new run, or goes on with the run in it where config.options.resume says so; that run has
  /// more epochs from then on where config.options.extend says so, too.
  /// @throws lamina::FileError  when folder or files cannot be written, another program runs in it, it holds a run that
  ///                            is not to be resumed, or a checkpoint that is damaged or of a run that differs. All
  ///                            that was there is then as before.
  explicit RunFolder(Config config);

  /// What was asked for, and, of a run that goes on, how it was extended.
  [[nodiscard]] const Config& config() const { return config_; }

  /// The checkpoint to go on from; none for a run from its beginning.
  [[nodiscard]] const std::optional<lamina::TensorFile>& checkpoint() const { return checkpoint_; }

  /// What to tell the user of the folder, in one line; empty for nothing.
  [[nodiscard]] const std::string& warning() const { return lock_->warning(); }

  void on_epoch(const lamina::EpochReport& report) override;
  void on_test(const lamina::TestReport& report) override;

 private:
  void begin(std::vector<std::filesystem::path>& made);
  void go_on();

  Config config_;
  std::filesystem::path folder_;
  std::optional<FolderLock> lock_;
  std::optional<lamina::TensorFile> checkpoint_;
  std::optional<CsvFile<8>> summary_;
  std::optional<CsvFile<7>> gradient_flow_;
  std::optional<EvidenceFiles> evidence_;
  std::optional<CsvFile<3>> average_;  ///< only of a run that averages its weights
};

}  // namespace study
