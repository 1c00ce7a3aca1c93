#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include <lamina/io/csv.hpp>
#include <lamina/training/observer.hpp>

namespace study {

/// The folder of a training run: config.json from the start, a row of summary.csv and the rows of gradient_flow.csv
/// after each epoch, test_summary.csv at the end. Rows of finished epochs survive whatever ends the program. Files of
/// an earlier run in the same folder are replaced.
class RunFolder : public lamina::TrainingObserver {
 public:
  /// @param config  the text of config.json
  /// @throws lamina::FileError  when folder or files cannot be written; none of them is left then
  RunFolder(const std::filesystem::path& folder, std::string_view config);

  void on_epoch(const lamina::EpochReport& report) override;
  void on_test(const lamina::TestReport& report) override;

 private:
  void open(std::string_view config, std::vector<std::filesystem::path>& made);

  std::filesystem::path folder_;
  std::optional<lamina::CsvFile<8>> summary_;
  std::optional<lamina::CsvFile<6>> gradient_flow_;
};

}  // namespace study
