#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <sys/wait.h>

#include "../data/temporary_folder.hpp"
#include "../io/text_file.hpp"

/// What a program left behind.
struct Outcome {
  int status = 0;  ///< exit status
  std::string out;
  std::string error;
};

/// Runs a shell command. Its standard output goes into a file, its standard error through a pipe, which stays open to
/// it whatever limits the command sets itself.
[[nodiscard]] inline Outcome run(const std::string& command) {
  const TemporaryFolder folder;
  const auto out = folder.path() / "out";
  FILE* const pipe = popen(("{ " + command + "; } 2>&1 >" + out.string()).c_str(), "r");
  Outcome outcome;
  std::array<char, 4096> block{};
  while (const std::size_t read = std::fread(block.data(), 1, block.size(), pipe))
    outcome.error.append(block.data(), read);
  const int status = pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  outcome.out = read_text(out);
  return outcome;
}

[[nodiscard]] inline std::string example(const std::string& name) { return std::string(LAMINA_EXAMPLES) + "/" + name; }

/// The trainer, in a world without data of its own.
[[nodiscard]] inline Outcome train(const std::string& flags) {
  return run("unset LAMINA_CIFAR100; cd / && " + example("train_cifar100") + " " + flags);
}

[[nodiscard]] inline long line_count(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }
