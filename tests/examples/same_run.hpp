#pragma once

#include <filesystem>
#include <map>
#include <sstream>
#include <string>

#include "../catch.hpp"
#include "../io/text_file.hpp"

/// A table without its last two columns: the seconds of an epoch and the images per second.
[[nodiscard]] inline std::string without_times(const std::string& table) {
  std::istringstream lines(table);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    text += line.substr(0, line.rfind(',', line.rfind(',') - 1)) + "\n";
  }
  return text;
}

/// Checks that two runs have left the same results, byte for byte but for the times.
inline void check_same_run(const std::filesystem::path& one, const std::filesystem::path& other) {
  for (const char* name : {"checkpoint.safetensors", "best.safetensors", "gradient_flow.csv", "test_summary.csv"}) {
    CAPTURE(name);
    CHECK(read_text(one / name) == read_text(other / name));
  }
  CHECK(without_times(read_text(one / "summary.csv")) == without_times(read_text(other / "summary.csv")));
}

/// All files of a folder and the folders in it.
[[nodiscard]] inline std::map<std::string, std::string> contents(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path()] = read_text(entry.path());
  }
  return files;
}
