#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <lamina/data/idx.hpp>

#include "../catch.hpp"
#include "temporary_folder.hpp"

using namespace lamina;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// An IDX file: magic number and sizes with their largest bytes first, then the values.
Bytes idx(const std::vector<std::uint32_t>& numbers, const Bytes& values) {
  Bytes file;
  for (const std::uint32_t number : numbers) {
    for (int shift = 24; shift >= 0; shift -= 8) file.push_back(static_cast<std::uint8_t>(number >> shift));
  }
  file.insert(file.end(), values.begin(), values.end());
  return file;
}

/// Two files, of three images of 2x4 pixels 0, 1, 2, ... with the labels 7, 0 and 9, which a test may replace.
struct Files {
  [[nodiscard]] Dataset read() const { return read_idx(images, labels); }
  void set_images(const Bytes& bytes) { images = folder.write("images", bytes); }
  void set_labels(const Bytes& bytes) { labels = folder.write("labels", bytes); }

  static Bytes pixels() {
    Bytes values;
    for (std::uint8_t i = 0; i < 24; ++i) values.push_back(i);
    return values;
  }

  TemporaryFolder folder;
  std::filesystem::path images = folder.write("images", idx({0x803, 3, 2, 4}, pixels()));
  std::filesystem::path labels = folder.write("labels", idx({0x801, 3}, {7, 0, 9}));
};

}  // namespace

TEST_CASE("idx: images and labels are read in order, with sizes from the header") {
  const Files files;
  const Dataset set = files.read();
  CHECK(set.name() == files.images.string());
  CHECK(set.shape() == Shape{2, 4, 1});
  CHECK(set.classes() == 10);
  REQUIRE(set.size() == 3);
  CHECK(std::vector<Label>(set.labels().begin(), set.labels().end()) == std::vector<Label>{7, 0, 9});
  const auto second = set.image(1);
  CHECK(Bytes(second.begin(), second.end()) == Bytes{8, 9, 10, 11, 12, 13, 14, 15});
}

TEST_CASE("idx: sizes above 255 are put together from their bytes") {
  Files files;
  files.set_images(idx({0x803, 1, 1, 0x203}, Bytes(0x203, 1)));
  files.set_labels(idx({0x801, 1}, {0}));
  CHECK(files.read().shape() == Shape{1, 515, 1});
}

TEST_CASE("idx: a file of another kind is refused with both magic numbers") {
  Files files;
  files.images = files.labels;
  CHECK_THROWS_AS(files.read(), FileError);
  CHECK_THROWS_WITH(files.read(), files.images.string() +
                                      ": expected the magic number 0x00000803 of images in the IDX "
                                      "format, found 0x00000801");
  files.set_images(idx({0x80d, 3, 2, 4}, Files::pixels()));
  CHECK_THROWS_WITH(files.read(), ContainsSubstring("found 0x0000080d"));
}

TEST_CASE("idx: a packed file is refused with what to do about it") {
  Files files;
  files.set_labels({0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0});
  CHECK_THROWS_WITH(files.read(), files.labels.string() + ": is packed by gzip: unpack it first, with gunzip");
}

TEST_CASE("idx: a file that is shorter or longer than its header says is refused with both lengths") {
  Files files;
  SECTION("short") {
    Bytes pixels = Files::pixels();
    pixels.pop_back();
    files.set_images(idx({0x803, 3, 2, 4}, pixels));
    CHECK_THROWS_WITH(files.read(),
                      files.images.string() + ": expected 24 bytes of images behind the header, found 23");
  }
  SECTION("long") {
    files.set_labels(idx({0x801, 3}, {7, 0, 9, 1}));
    CHECK_THROWS_WITH(files.read(), files.labels.string() + ": expected 3 bytes of labels behind the header, found 4");
  }
  SECTION("cut off in the header") {
    const auto length = GENERATE(std::size_t{0}, std::size_t{3}, std::size_t{15});
    Bytes whole = idx({0x803, 3, 2, 4}, {});
    whole.resize(length);
    files.set_images(whole);
    CHECK_THROWS_WITH(files.read(), files.images.string() + ": is cut off in its header");
  }
}

TEST_CASE("idx: sizes that no file has are refused before memory is asked for") {
  Files files;
  files.set_images(idx({0x803, 0xffffffff, 0xffffffff, 0xffffffff}, {}));
  CHECK_THROWS_WITH(files.read(), ContainsSubstring("its header asks for more than 1099511627776 bytes"));
  files.set_images(idx({0x803, 3, 0, 4}, {}));
  CHECK_THROWS_WITH(files.read(), ContainsSubstring("is empty: dimension 1 has the size 0"));
}

TEST_CASE("idx: other numbers of images and labels, and a label out of range, are refused") {
  Files files;
  files.set_labels(idx({0x801, 2}, {7, 0}));
  CHECK_THROWS_WITH(files.read(), files.labels.string() + ": expected a label for each of the 3 images of " +
                                      files.images.string() + ", found 2");
  files.set_labels(idx({0x801, 3}, {7, 10, 9}));
  CHECK_THROWS_WITH(files.read(), files.labels.string() + ": label 1: expected 0 to 9, found 10");
  CHECK(read_idx(files.images, files.labels, 11).label(1) == 10);
}

TEST_CASE("idx: a folder of MNIST gives its training and test sets, by either of their names") {
  const TemporaryFolder folder;
  const std::string join = GENERATE("-", ".");
  const auto write = [&](const std::string& part, std::uint32_t images) {
    Bytes pixels(images * 4, 5);
    CHECK(!folder.write(part + "-images" + join + "idx3-ubyte", idx({0x803, images, 2, 2}, pixels)).empty());
    CHECK(!folder.write(part + "-labels" + join + "idx1-ubyte", idx({0x801, images}, Bytes(images, 1))).empty());
  };
  write("train", 3);
  CHECK_THROWS_WITH(read_mnist(folder.path()), (folder.path() / "t10k-images-idx3-ubyte").string() + ": no such file");
  write("t10k", 2);
  const TrainTestSets sets = read_mnist(folder.path());
  CHECK(sets.train.size() == 3);
  CHECK(sets.test.size() == 2);
}

TEST_CASE("idx: training and test images of different sizes are refused with both") {
  const TemporaryFolder folder;
  const auto train = folder.write("train-images-idx3-ubyte", idx({0x803, 1, 2, 2}, Bytes(4, 5)));
  const auto test = folder.write("t10k-images-idx3-ubyte", idx({0x803, 1, 2, 3}, Bytes(6, 5)));
  CHECK(!folder.write("train-labels-idx1-ubyte", idx({0x801, 1}, {1})).empty());
  CHECK(!folder.write("t10k-labels-idx1-ubyte", idx({0x801, 1}, {1})).empty());
  CHECK_THROWS_AS(read_mnist(folder.path()), FileError);
  CHECK_THROWS_WITH(read_mnist(folder.path()),
                    test.string() + ": expected images of 2x2x1 as in " + train.string() + ", found 2x3x1");
}

TEST_CASE("idx: a folder of MNIST that is missing or still packed says so") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(read_mnist(folder.path() / "none"), ContainsSubstring("none: no such folder"));
  const auto packed = folder.write("train-images-idx3-ubyte.gz", Bytes{0x1f, 0x8b});
  CHECK_THROWS_WITH(read_mnist(folder.path()), (folder.path() / "train-images-idx3-ubyte").string() +
                                                   ": no such file; there is " + packed.string() +
                                                   ": unpack it first, with gunzip");
}
