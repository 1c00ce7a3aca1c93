#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace study {

/// Draws the figures of a run into OUT/figures and writes OUT/report.html. Without gnuplot there are the tables, the
/// scripts and a report without pictures.
/// @param run  a folder that a run has written
/// @return     a sentence for the terminal: what was drawn, or how to draw it
/// @throws lamina::FileError  a run that cannot be read, a file that cannot be written
/// @throws lamina::Error      when gnuplot fails, with its message; all that needs no gnuplot is there then
std::string draw_run(const std::filesystem::path& run, const std::filesystem::path& out);

/// The same, into the folder of the run.
inline std::string draw_run(const std::filesystem::path& run) { return draw_run(run, run); }

/// Draws the figures of several runs, one over the other, into OUT/figures.
/// @param runs  their folders, at least one
std::string draw_comparison(std::span<const std::filesystem::path> runs, const std::filesystem::path& out);

}  // namespace study
