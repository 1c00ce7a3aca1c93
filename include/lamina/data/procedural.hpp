#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <istream>
#include <span>
#include <streambuf>
#include <string>
#include <system_error>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/data/cifar.hpp>
#include <lamina/data/procedural_image.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Sizes and seed of the built-in procedural set, which has the format and the default sizes of CIFAR-100.
struct ProceduralOptions {
  Index train = 50'000;
  Index test = 10'000;
  std::uint64_t seed = 0;
};

/// The bytes of a CIFAR-100 file with procedural records, painted block by block as they are read, by a team. The bytes
/// do not depend on the number of threads.
class ProceduralStream : public std::streambuf {
 public:
  /// @throws ArgumentError unless there is at least one record
  ProceduralStream(ProceduralPart part, Index records, std::uint64_t seed, const Team& team = Team{})
      : painter_(seed), part_(part), records_(records), team_(team) {
    require(records >= 1, "the procedural " + std::string(part == ProceduralPart::train ? "training" : "test") +
                              " set needs at least one image, got " + std::to_string(records));
    block_.resize(static_cast<std::size_t>(std::min(records, kBlock) * kRecordBytes));
  }

 protected:
  int_type underflow() override {
    const Index count = std::min(kBlock, records_ - painted_);
    if (count == 0) return traits_type::eof();
    const std::span bytes(reinterpret_cast<std::uint8_t*>(block_.data()), block_.size());
    team_.for_each(count, [&](Index i, Index) {
      painter_.paint(part_, painted_ + i,
                     bytes.subspan(static_cast<std::size_t>(i * kRecordBytes), static_cast<std::size_t>(kRecordBytes)));
    });
    painted_ += count;
    setg(block_.data(), block_.data(), block_.data() + count * kRecordBytes);
    return traits_type::to_int_type(block_.front());
  }

 private:
  static constexpr Index kRecordBytes = ProceduralPainter::kRecordBytes;
  static constexpr Index kBlock = 512;

  ProceduralPainter painter_;
  ProceduralPart part_;
  Index records_;
  Index painted_ = 0;
  Team team_;
  std::vector<char> block_;
};

/// Paints the procedural set and reads it with the CIFAR-100 reader. Record n has the fine label n % 100.
/// @throws ArgumentError for a size below 1
[[nodiscard]] inline TrainTestSets procedural_cifar100(const ProceduralOptions& options = {},
                                                       Cifar100Labels labels = Cifar100Labels::fine,
                                                       const Team& team = Team{}) {
  const CifarFormat format = cifar100_format(labels);
  const auto read = [&](ProceduralPart part, Index records, const std::string& name) {
    ProceduralStream stream(part, records, options.seed, team);
    std::istream in(&stream);
    Dataset images(name, CifarFormat::kShape, format.classes());
    images.reserve(records);
    read_cifar(in, format, name, images);
    return images;
  };
  return {read(ProceduralPart::train, options.train, "procedural training set"),
          read(ProceduralPart::test, options.test, "procedural test set")};
}

/// Writes train.bin and test.bin into a folder, made when missing, for read_cifar100. A file appears only when it is
/// complete.
/// @throws ArgumentError for a size below 1, before anything is written
/// @throws FileError when the folder or a file cannot be written
inline void write_procedural_cifar100(const std::filesystem::path& folder, const ProceduralOptions& options = {},
                                      const Team& team = Team{}) {
  ProceduralStream train(ProceduralPart::train, options.train, options.seed, team);
  ProceduralStream test(ProceduralPart::test, options.test, options.seed, team);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw FileError(folder.string(), "cannot make the folder: " + error.message());
  const auto write = [&](ProceduralStream& stream, const std::filesystem::path& file) {
    const std::filesystem::path unfinished = file.string() + ".part";
    std::ofstream out(unfinished, std::ios::binary);
    out << &stream;
    out.close();
    if (out) std::filesystem::rename(unfinished, file, error);
    if (out && !error) return;
    std::filesystem::remove(unfinished, error);
    throw FileError(file.string(), "cannot be written");
  };
  write(train, folder / "train.bin");
  write(test, folder / "test.bin");
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
