#pragma once

#include <cstdint>
#include <optional>

#include <lamina/core/team.hpp>
#include <lamina/training/teacher.hpp>

#include "study/command_line/options.hpp"

namespace study {

/// Another network to learn from.
struct LoadedTeacher {
  std::uint64_t fingerprint = 0;  ///< of its parameters and running statistics
  lamina::Teacher<float> teacher;
};

/// Reads the teacher of the command line, if there is one. What network it is stands in the file, or in the options.
/// @throws lamina::Error  a file that cannot be used, or of which nobody says what network it is for
[[nodiscard]] std::optional<LoadedTeacher> load_teacher(const Options& options, const lamina::Team& team);

}  // namespace study
