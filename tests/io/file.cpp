#include <lamina/io/file.hpp>

#include "../catch.hpp"
#include "../data/temporary_folder.hpp"
#include "full_disk.hpp"
#include "text_file.hpp"

using namespace lamina;

TEST_CASE("write_file: replaces the content of a file") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "config.json";
  write_file(file, "a long first version\n");
  write_file(file, "second\n");
  CHECK(read_text(file) == "second\n");
  CHECK_FALSE(std::filesystem::exists(file.string() + ".part"));
}

TEST_CASE("write_file: a full disk leaves the earlier file and nothing else") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "config.json";
  write_file(file, "first\n");
  {
    const FullDisk limit(100);
    CHECK_THROWS_WITH(write_file(file, std::string(101, 'x')),
                      ContainsSubstring(file.string() + ": cannot be written: File too large"));
  }
  CHECK(read_text(file) == "first\n");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("write_file: a missing folder is named with the reason") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "none" / "config.json";
  CHECK_THROWS_WITH(write_file(file, "text"), ContainsSubstring(file.string()) &&
                                                  ContainsSubstring("cannot be opened for writing: No such file"));
}

TEST_CASE("read_file: gives every byte, and says why it cannot") {
  const TemporaryFolder folder;
  const std::string bytes = std::string(100'000, 'x') + std::string("\0\r\n", 3);
  write_file(folder.path() / "bytes", bytes);
  CHECK(read_file(folder.path() / "bytes") == bytes);
  CHECK_THROWS_WITH(read_file(folder.path() / "none"), ContainsSubstring("none: cannot be opened: No such file"));
  CHECK_THROWS_WITH(read_file(folder.path()), ContainsSubstring("cannot be read: Is a directory"));
}
