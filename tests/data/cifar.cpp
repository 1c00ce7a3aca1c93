#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <lamina/data/cifar.hpp>

#include "../catch.hpp"
#include "temporary_folder.hpp"

using namespace lamina;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// Records whose label bytes are valid and whose pixel bytes all differ between neighbours, channels and records.
Bytes make_records(const CifarFormat& format, Index records) {
  Bytes bytes;
  for (Index n = 0; n < records; ++n) {
    for (Index i = 0; i < format.labels; ++i) {
      bytes.push_back(static_cast<std::uint8_t>(n % format.label_bytes[static_cast<std::size_t>(i)].classes));
    }
    for (Index i = 0; i < CifarFormat::kShape.size(); ++i)
      bytes.push_back(static_cast<std::uint8_t>(n * 7 + i * 3 % 251));
  }
  return bytes;
}

Dataset read_bytes(const Bytes& bytes, const CifarFormat& format) {
  std::istringstream in(std::string(bytes.begin(), bytes.end()));
  Dataset images("bytes", CifarFormat::kShape, format.classes());
  read_cifar(in, format, "bytes", images);
  return images;
}

}  // namespace

TEST_CASE("cifar: every record of a file is read, whatever the number of blocks") {
  // The reader takes 512 records at a time: below, at and above a border.
  const Index records = GENERATE(1, 511, 512, 513, 1024, 1100);
  const CifarFormat format = GENERATE(cifar10_format(), cifar100_format());
  const Bytes bytes = make_records(format, records);
  const Dataset images = read_bytes(bytes, format);

  REQUIRE(images.size() == records);
  bool equal = true;
  for (Index n = 0; n < records; ++n) {
    const auto* record = bytes.data() + n * format.record_bytes();
    equal = equal && images.label(n) == record[format.used] &&
            std::ranges::equal(images.image(n), std::span(record + format.labels, 3072));
  }
  CHECK(equal);
}

TEST_CASE("cifar: CIFAR-100 gives fine or coarse labels") {
  const Bytes bytes = make_records(cifar100_format(), 45);  // record n: coarse n % 20, fine n
  const Dataset fine = read_bytes(bytes, cifar100_format(Cifar100Labels::fine));
  const Dataset coarse = read_bytes(bytes, cifar100_format(Cifar100Labels::coarse));
  CHECK(fine.classes() == 100);
  CHECK(fine.label(44) == 44);
  CHECK(coarse.classes() == 20);
  CHECK(coarse.label(44) == 4);
}

TEST_CASE("cifar: an empty file is an error that says what was expected") {
  CHECK_THROWS_WITH(read_bytes({}, cifar100_format()),
                    ContainsSubstring("bytes: is empty: expected records of 3074 bytes"));
}

TEST_CASE("cifar: a file cut off in the middle of a record says where") {
  // The second cut is in the reader's second block.
  const Index whole = GENERATE(2, 600);
  Bytes bytes = make_records(cifar100_format(), whole + 1);
  bytes.resize(static_cast<std::size_t>(whole * 3074 + 100));
  CHECK_THROWS_AS(read_bytes(bytes, cifar100_format()), FileError);
  CHECK_THROWS_WITH(read_bytes(bytes, cifar100_format()),
                    ContainsSubstring("bytes: record " + std::to_string(whole) + " at offset " +
                                      std::to_string(whole * 3074) + " is cut off: expected 3074 bytes, found 100"));
}

TEST_CASE("cifar: a label out of range says record, offset and what was found") {
  Bytes hundred = make_records(cifar100_format(), 600);
  SECTION("fine, in the reader's second block") {
    hundred[550 * 3074 + 1] = 100;
    const std::string expected = "record 550 at offset 1690701: expected a fine label from 0 to 99, found 100";
    CHECK_THROWS_WITH(read_bytes(hundred, cifar100_format()), ContainsSubstring(expected));
    CHECK_THROWS_WITH(read_bytes(hundred, cifar100_format(Cifar100Labels::coarse)), ContainsSubstring(expected));
  }
  SECTION("coarse") {
    hundred[3 * 3074] = 20;
    CHECK_THROWS_WITH(read_bytes(hundred, cifar100_format()),
                      ContainsSubstring("record 3 at offset 9222: expected a coarse label from 0 to 19, found 20"));
  }
  SECTION("CIFAR-10") {
    Bytes ten = make_records(cifar10_format(), 2);
    ten[3073] = 10;
    CHECK_THROWS_WITH(read_bytes(ten, cifar10_format()),
                      ContainsSubstring("record 1 at offset 3073: expected a label from 0 to 9, found 10"));
  }
}

TEST_CASE("cifar: a folder gives its training and test files") {
  const TemporaryFolder folder;
  SECTION("CIFAR-100") {
    const auto train = folder.write("train.bin", make_records(cifar100_format(), 7));
    CHECK_THROWS_WITH(read_cifar100(folder.path()), ContainsSubstring("test.bin: no such file"));
    const auto test = folder.write("test.bin", make_records(cifar100_format(), 3));
    const TrainTestSets sets = read_cifar100(folder.path());
    CHECK(sets.train.size() == 7);
    CHECK(sets.test.size() == 3);
    CHECK(sets.train.name() == train.string());
    CHECK(sets.test.name() == test.string());
  }
  SECTION("CIFAR-10, whose training set is in five files") {
    for (int i = 1; i <= 5; ++i) {
      const auto name = "data_batch_" + std::to_string(i) + ".bin";
      CHECK(std::filesystem::exists(folder.write(name, make_records(cifar10_format(), i))));
    }
    CHECK(std::filesystem::exists(folder.write("test_batch.bin", make_records(cifar10_format(), 2))));
    const TrainTestSets sets = read_cifar10(folder.path());
    CHECK(sets.train.size() == 15);
    CHECK(sets.train.label(14) == 4);  // the last of the fifth file
    CHECK(sets.test.size() == 2);
  }
}

TEST_CASE("cifar: the Python version is an error that says so, in its folder and above it") {
  const TemporaryFolder folder;
  const auto check = [&](const auto& read, const std::string& file, const std::string& python, const std::string& set) {
    for (const auto& place : {folder.path() / python, folder.path()}) {
      CHECK_THROWS_WITH(read(place), (place / file).string() + ": no such file; " + (folder.path() / python).string() +
                                         " holds the Python version of CIFAR-" + set +
                                         ", and the binary version is needed: https://www.cs.toronto.edu/~kriz/cifar-" +
                                         set + "-binary.tar.gz");
    }
  };
  SECTION("CIFAR-100") {
    std::filesystem::create_directory(folder.path() / "cifar-100-python");
    for (const char* const name : {"train", "test", "meta"}) {
      CHECK(std::filesystem::exists(folder.write("cifar-100-python/" + std::string(name), Bytes{128, 2})));
    }
    check([](const auto& place) { return read_cifar100(place); }, "train.bin", "cifar-100-python", "100");
  }
  SECTION("CIFAR-10") {
    std::filesystem::create_directory(folder.path() / "cifar-10-batches-py");
    for (const char* const name : {"data_batch_1", "test_batch", "batches.meta"}) {
      CHECK(std::filesystem::exists(folder.write("cifar-10-batches-py/" + std::string(name), Bytes{128, 2})));
    }
    check([](const auto& place) { return read_cifar10(place); }, "data_batch_1.bin", "cifar-10-batches-py", "10");
  }
}

TEST_CASE("cifar: the folder above the one that is meant is an error that names that") {
  const TemporaryFolder folder;
  for (const char* const name : {"cifar-100-binary", "cifar-10-batches-bin", "cifar-100-python"}) {
    std::filesystem::create_directory(folder.path() / name);
  }
  CHECK(std::filesystem::exists(folder.write("cifar-100-binary/train.bin", Bytes{})));
  CHECK(std::filesystem::exists(folder.write("cifar-10-batches-bin/data_batch_1.bin", Bytes{})));
  const std::string path = folder.path().string();
  CHECK_THROWS_WITH(read_cifar100(path),
                    path + "/train.bin: no such file; there is one in " + path + "/cifar-100-binary");
  CHECK_THROWS_WITH(read_cifar10(path),
                    path + "/data_batch_1.bin: no such file; there is one in " + path + "/cifar-10-batches-bin");
}

TEST_CASE("cifar: a missing folder or file, and a folder in place of a file, are errors with their path") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(read_cifar100(folder.path() / "none"), ContainsSubstring("none: no such folder"));
  CHECK_THROWS_WITH(read_cifar10(folder.path() / "none"), ContainsSubstring("none: no such folder"));
  CHECK_THROWS_WITH(read_cifar100(folder.path()), ContainsSubstring("train.bin: no such file"));
  std::filesystem::create_directory(folder.path() / "train.bin");
  CHECK_THROWS_WITH(read_cifar100(folder.path()), ContainsSubstring("train.bin: expected a file, found a folder"));
  const auto empty = folder.write("empty.bin", {});
  CHECK_THROWS_WITH(read_cifar(empty, cifar100_format()), ContainsSubstring("empty.bin: is empty"));
}
