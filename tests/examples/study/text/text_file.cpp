#include "study/text/text_file.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/io/file.hpp>

#include "../../../catch.hpp"
#include "../../../data/temporary_folder.hpp"

namespace {

/// The lines of a file with this content.
std::vector<std::string> lines_of(const std::string& content) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "names.txt";
  lamina::write_file(path, content);
  const std::string text = study::read_text_file(path);
  std::vector<std::string> lines;
  for (std::string_view rest = text; !rest.empty();) lines.emplace_back(study::take_line(rest));
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("text file: has the same lines, whatever system it was written on") {
  for (const std::string mark : {"", "\xEF\xBB\xBF"}) {
    for (const std::string end : {"\n", "\r\n"}) {
      CHECK(lines_of(mark + "one" + end + end + "two" + end) == Lines{"one", "", "two"});
      CHECK(lines_of(mark + "one" + end + "two") == Lines{"one", "two"});
      CHECK(lines_of(mark).empty());
    }
  }
}

TEST_CASE("text file: a mark elsewhere and a return within a line are text") {
  CHECK(lines_of("a\rb\r\r\nc\r") == Lines{"a\rb\r", "c\r"});
  CHECK(lines_of("a\xEF\xBB\xBF\n\xEF\xBB") == Lines{"a\xEF\xBB\xBF", "\xEF\xBB"});
}

TEST_CASE("text file: one that is not there is named") {
  CHECK_THROWS_WITH(study::read_text_file("/none/names.txt"), ContainsSubstring("/none/names.txt: cannot be opened"));
}
