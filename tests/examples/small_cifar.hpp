#pragma once

#include <filesystem>
#include <fstream>

#include <lamina/data/procedural.hpp>

#include "../data/temporary_folder.hpp"

/// A folder with two training images and one test image of each class, in the CIFAR-100 format.
class SmallCifar {
 public:
  SmallCifar() { lamina::write_procedural_cifar100(path(), {.train = 200, .test = 100}); }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "cifar"; }
  [[nodiscard]] std::filesystem::path train_file() const { return path() / "train.bin"; }
  /// A place for results that is not there yet.
  [[nodiscard]] std::filesystem::path out() const { return folder_.path() / "runs" / "one"; }
  /// Flags of a training run that takes a second.
  [[nodiscard]] std::string flags() const {
    return "--model vgg08 --data " + path().string() + " --limit 100 --batch-size 50 --threads 1 --epochs 2";
  }

  /// Replaces one byte of the training file.
  void spoil(std::streamoff offset, char byte) const {
    std::fstream file(train_file(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(offset);
    file.put(byte);
  }

 private:
  TemporaryFolder folder_;
};
