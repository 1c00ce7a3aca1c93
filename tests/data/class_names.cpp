#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lamina/data/class_names.hpp>

#include "../catch.hpp"
#include "temporary_folder.hpp"

using namespace lamina;

namespace {

std::filesystem::path write_text(const TemporaryFolder& folder, std::string_view text) {
  return folder.write("names.txt", std::vector<std::uint8_t>(text.begin(), text.end()));
}

}  // namespace

TEST_CASE("class names: one a line, whatever ends the lines") {
  const TemporaryFolder folder;
  const auto text = GENERATE("cat\ndog\n", "cat\r\ndog\r\n\r\n",
                             "\xEF\xBB\xBF"
                             "cat\r\ndog",
                             "cat\ndog");
  CHECK(read_class_names(write_text(folder, text), 2) == std::vector<std::string>{"cat", "dog"});
}

TEST_CASE("class names: another number of names is refused with both") {
  const TemporaryFolder folder;
  const auto file = write_text(folder, "cat\ndog\n");
  CHECK_THROWS_WITH(read_class_names(file, 3), file.string() + ": expected the names of 3 classes, found 2 lines");
  CHECK_THROWS_WITH(read_class_names(folder.path() / "none", 3), ContainsSubstring("none: no such file"));
}

TEST_CASE("class names: a file that is not there names no class") {
  const TemporaryFolder folder;
  TrainTestSets sets{Dataset("train", {1, 1, 1}, 2), Dataset("test", {1, 1, 1}, 2)};
  name_classes(sets, folder.path() / "none");
  CHECK(sets.train.class_names().empty());
  name_classes(sets, write_text(folder, "cat\ndog\n"));
  CHECK(sets.train.class_names() == std::vector<std::string>{"cat", "dog"});
  CHECK(sets.test.class_names() == sets.train.class_names());
}
