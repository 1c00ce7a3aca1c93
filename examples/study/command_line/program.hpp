#pragma once

#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <string_view>

#include <cxxopts.hpp>

#include <lamina/core/error.hpp>

#include "study/command_line/options.hpp"
#include "study/command_line/standard_streams.hpp"

namespace study {

/// Parses a command line, whose errors become UsageErrors: with plain quotes for the typographic ones of cxxopts, which
/// not every terminal shows.
[[nodiscard]] inline cxxopts::ParseResult parse(cxxopts::Options& definition, int argc, const char* const* argv) {
  try {
    return definition.parse(argc, argv);
  } catch (const cxxopts::exceptions::exception& error) {
    std::string text = error.what();
    for (const std::string_view mark : {"‘", "’"}) {
      for (auto at = text.find(mark); at != text.npos; at = text.find(mark)) text.replace(at, mark.size(), "'");
    }
    throw UsageError(text);
  }
}

/// The body of main(): makes sure of the standard streams and calls run(), which returns the exit status. 2 for wrong
/// usage and 1 for what else goes wrong, each with one line on standard error.
template <class Run>
[[nodiscard]] int run_program(std::string_view name, const Run& run) {
  try {
    open_standard_streams();
    const int status = run();
    // A run that was stopped says so, also when its terminal is gone.
    if (status == 0 && !std::cout.flush()) throw lamina::FileError("standard output", "cannot be written");
    return status;
  } catch (const UsageError& error) {
    std::cerr << name << ": " << error.what() << " (--help lists the options)\n";
    return 2;
  } catch (const std::bad_alloc&) {
    std::cerr << name << ": not enough memory\n";
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << "\n";
  }
  return 1;
}

}  // namespace study
