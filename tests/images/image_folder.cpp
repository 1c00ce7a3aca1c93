// STB_IMAGE_WRITE_STATIC would leave functions that nothing uses, of which compilers warn.
#define STB_IMAGE_WRITE_IMPLEMENTATION
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif
#if __has_include(<stb/stb_image_write.h>)
#include <stb/stb_image_write.h>
#else
#include <stb_image_write.h>
#endif
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <lamina/data/image_folder.hpp>

#include "../catch.hpp"
#include "../data/temporary_folder.hpp"

using namespace lamina;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// Writes an image whose channel c has the values first + 10 c, first + 10 c + 1, ...
void write_png(const std::filesystem::path& file, Shape shape, int first) {
  Bytes pixels;
  for (Index i = 0; i < shape.pixels(); ++i) {
    for (Index c = 0; c < shape.channels; ++c) pixels.push_back(static_cast<std::uint8_t>(first + 10 * c + i));
  }
  std::filesystem::create_directories(file.parent_path());
  REQUIRE(stbi_write_png(file.c_str(), static_cast<int>(shape.width), static_cast<int>(shape.height),
                         static_cast<int>(shape.channels), pixels.data(), 0) != 0);
}

constexpr Shape kShape{2, 3, 3};

}  // namespace

TEST_CASE("image file: a PNG file is read exactly, plane by plane") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "image.png";
  write_png(file, kShape, 100);
  CHECK(read_image(file, kShape) == Bytes{100, 101, 102, 103, 104, 105, 110, 111, 112, 113, 114, 115,  //
                                          120, 121, 122, 123, 124, 125});
}

TEST_CASE("image file: grey becomes a colour of equal channels, and colour becomes grey") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "image.png";
  write_png(file, {1, 2, 1}, 7);
  CHECK(read_image(file, {1, 2, 3}) == Bytes{7, 8, 7, 8, 7, 8});
  write_png(file, {1, 2, 3}, 100);
  const Bytes grey = read_image(file, {1, 2, 1});
  REQUIRE(grey.size() == 2);
  CHECK(grey[0] > 100);  // between the channels 100 and 120
  CHECK(grey[0] < 120);
  CHECK_THROWS_WITH(read_image(file, {1, 2, 2}), "an image file is read with 1 or 3 channels, got the shape 1x2x2");
}

TEST_CASE("image file: a JPEG file is read as nearly as it was written") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "image.jpg";
  const Bytes pixels(16 * 16 * 3, 90);
  REQUIRE(stbi_write_jpg(file.c_str(), 16, 16, 3, pixels.data(), 95) != 0);
  const Bytes read = read_image(file, {16, 16, 3});
  REQUIRE(read.size() == pixels.size());
  CHECK(std::ranges::all_of(read, [](int byte) { return std::abs(byte - 90) <= 2; }));
}

TEST_CASE("image file: one of another size is refused with both, or resized where that is asked for") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "image.png";
  write_png(file, {4, 6, 1}, 50);
  CHECK_THROWS_AS(read_image(file, {2, 3, 1}), FileError);
  CHECK_THROWS_WITH(read_image(file, {2, 3, 1}), file.string() +
                                                     ": expected an image of 2x3 pixels (height x width), found 4x6; "
                                                     "OtherSize::resize makes it fit");
  const Bytes half = read_image(file, {2, 3, 1}, OtherSize::resize);
  REQUIRE(half.size() == 6);
  // Rows count by 6 and columns by 1, so pixel (1, 1) covers 64, 65, 70 and 71 of values from 50 to 73.
  CHECK(std::abs(half[4] - 67) <= 2);
  CHECK(half[0] < half[2]);
  CHECK(half[2] < half[3]);
}

TEST_CASE("image file: what is no image is refused with its path") {
  const TemporaryFolder folder;
  const auto text = folder.write("text.png", Bytes{'n', 'o', ' ', 'i', 'm', 'a', 'g', 'e'});
  CHECK_THROWS_WITH(read_image(text, kShape), ContainsSubstring(text.string() + ": is no image that can be read: "));
  CHECK_THROWS_WITH(read_image(folder.write("empty.png", Bytes{}), kShape), ContainsSubstring("is no image"));
  CHECK_THROWS_WITH(read_image(folder.path() / "none.png", kShape), ContainsSubstring("none.png: no such file"));
  CHECK_THROWS_WITH(read_image(folder.path(), kShape), ContainsSubstring("expected a file, found a folder"));

  const auto whole = folder.path() / "whole.png";
  write_png(whole, {30, 20, 3}, 0);
  std::filesystem::resize_file(whole, std::filesystem::file_size(whole) / 2);
  CHECK_THROWS_WITH(read_image(whole, {30, 20, 3}),
                    ContainsSubstring(whole.string() + ": is no image that can be read"));
}

TEST_CASE("image folder: classes and images come in the order of their names") {
  const TemporaryFolder folder;
  // Written in another order than that of the names.
  write_png(folder.path() / "dog/b.png", kShape, 40);
  write_png(folder.path() / "dog/a.PNG", kShape, 30);
  write_png(folder.path() / "cat/z.png", kShape, 20);
  write_png(folder.path() / ".hidden/z.png", kShape, 20);
  CHECK(!folder.write("dog/notes.txt", Bytes{'x'}).empty());
  CHECK(!folder.write("readme.txt", Bytes{'x'}).empty());
  const Dataset set = read_image_folder(folder.path(), kShape);
  CHECK(set.class_names() == std::vector<std::string>{"cat", "dog"});
  CHECK(set.classes() == 2);
  REQUIRE(set.size() == 3);
  CHECK(std::vector<Label>(set.labels().begin(), set.labels().end()) == std::vector<Label>{0, 1, 1});
  CHECK(set.image(0)[0] == 20);
  CHECK(set.image(1)[0] == 30);
  CHECK(set.image(2)[0] == 40);
}

TEST_CASE("image folder: one that is missing, empty or none is refused with its path") {
  const TemporaryFolder folder;
  const auto path = folder.path();
  CHECK_THROWS_WITH(read_image_folder(path / "none", kShape), (path / "none").string() + ": no such folder");
  CHECK_THROWS_WITH(read_image_folder(folder.write("file", Bytes{'x'}), kShape),
                    (path / "file").string() + ": expected a folder, found a file");
  CHECK_THROWS_WITH(read_image_folder(path, kShape),
                    path.string() + ": expected a folder of images for each class, found none");
  std::filesystem::create_directory(path / "cat");
  CHECK_THROWS_WITH(read_image_folder(path, kShape),
                    (path / "cat").string() + ": expected .png or .jpg files of its class, found none");
}

TEST_CASE("image folder: an image of another size is refused with its path and both sizes") {
  const TemporaryFolder folder;
  write_png(folder.path() / "cat/a.png", kShape, 0);
  write_png(folder.path() / "cat/b.png", {5, 4, 3}, 0);
  CHECK_THROWS_WITH(read_image_folder(folder.path(), kShape),
                    ContainsSubstring("cat/b.png: expected an image of 2x3 pixels (height x width), found 5x4"));
  CHECK(read_image_folder(folder.path(), kShape, OtherSize::resize).size() == 2);
}
