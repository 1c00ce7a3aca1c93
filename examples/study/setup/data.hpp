#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <lamina/core/team.hpp>
#include <lamina/data/dataset.hpp>
#include <lamina/data/normalization.hpp>
#include <lamina/data/split.hpp>

#include "study/command_line/options.hpp"

namespace study {

/// The images of a run and what each is for.
struct Data {
  std::string origin;             ///< the folder, or what stands in for it
  std::uint64_t fingerprint = 0;  ///< of all images
  lamina::TrainTestSets sets;
  lamina::Split split;                  ///< of sets.train
  std::vector<lamina::Index> test;      ///< of sets.test
  lamina::Normalization normalization;  ///< measured on the training images of the split
};

/// Reads the images: from --data, else $LAMINA_CIFAR100, else ./data/cifar-100-binary, else paints the procedural set.
/// @throws lamina::FileError      a folder or file that is missing or broken
/// @throws lamina::ArgumentError  a limit that the data cannot meet
[[nodiscard]] Data load_data(const Options& options, const lamina::Team& team);

}  // namespace study
