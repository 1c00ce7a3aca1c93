#pragma once

#include <exception>
#include <iostream>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <lamina/core/shape.hpp>

#include "timing.hpp"

/// @file
/// What convolution_step and onednn_convolution share, so that their lines stand side by side: 3x3 convolutions with
/// padding 1 from 32 to 32 channels on a batch of 100 square images of three sizes.

namespace lamina::bench {

inline constexpr Index kBatch = 100;
inline constexpr Index kChannels = 32;
inline constexpr Index kSides[] = {32, 16, 8};

/// Multiplications and additions of the direct method, counted also where the image ends.
[[nodiscard]] constexpr double direct_operations(Index side) {
  return 2.0 * static_cast<double>(kBatch * side * side * 9 * kChannels * kChannels);
}

/// Prints one line of JSON.
/// @param pass   forward, backward_data, backward_weights or backward (both)
/// @param times  in milliseconds and ascending order
inline void report(std::string_view library, std::string_view pass, Index side, const std::vector<double>& times) {
  const double operations = direct_operations(side) * (pass == "backward" ? 2 : 1);
  const nlohmann::ordered_json line{{"library", library},
                                    {"pass", pass},
                                    {"side", side},
                                    {"batch_size", kBatch},
                                    {"ms_median", median(times)},
                                    {"ms_min", times.front()},
                                    {"gflops_effective", operations / median(times) / 1e6}};
  std::cout << line.dump() << "\n";
}

/// The main function of such a program: calls measure(side, steps) for each size.
/// @return 0, 1 when it failed, 2 for wrong usage
template <class Measure>
int run_convolutions(std::string_view program, int argc, const char* const* argv, const Measure& measure) {
  const auto steps = steps_argument(argc, argv, 20);
  if (!steps) {
    std::cerr << "usage: " << program << " [STEPS]\n";
    return 2;
  }
  try {
    for (const Index side : kSides) measure(side, *steps);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << program << ": " << error.what() << "\n";
    return 1;
  }
}

}  // namespace lamina::bench
