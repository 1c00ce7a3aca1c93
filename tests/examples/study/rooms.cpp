#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>

#include "../../catch.hpp"
#include "../../io/text_file.hpp"

namespace fs = std::filesystem;

namespace {

/// The folders of examples/study, as examples/CMakeLists.txt has them.
constexpr std::array<std::string_view, 8> kRooms{"text",    "command_line", "setup",  "run_folder",
                                                 "figures", "terminal",     "report", "experiment"};

/// The place of a room in the list.
auto place(std::string_view room) { return std::ranges::find(kRooms, room) - kRooms.begin(); }

/// The room of the study's file that a line includes; empty for any other line.
std::string included_room(const std::string& line) {
  constexpr std::string_view begin = "#include \"study/";
  if (!line.starts_with(begin)) return {};
  return line.substr(begin.size(), line.find('/', begin.size()) - begin.size());
}

}  // namespace

TEST_CASE("study: a folder includes only the folders before it") {
  const fs::path study = LAMINA_STUDY;
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(study)) {
    if (!entry.is_regular_file()) continue;
    CAPTURE(entry.path());
    ++files;
    const auto own = place(entry.path().parent_path().filename().string());
    CHECK(own < std::ssize(kRooms));
    std::istringstream lines(read_text(entry.path()));
    for (std::string line; std::getline(lines, line);) {
      const std::string room = included_room(line);
      if (!room.empty()) CHECK(place(room) <= own);
    }
  }
  CHECK(files > 50);
}
