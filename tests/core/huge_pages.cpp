#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <lamina/core/buffer.hpp>
#include <lamina/core/huge_pages.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

/// The VmFlags of the mapping around an address (Linux, proc(5)): "hg" among them stands for madvise's advice. Empty
/// where the system does not tell.
std::string mapping_flags(const void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream mappings("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(mappings, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    if (std::istringstream range(line); range >> std::hex >> begin >> dash >> end && dash == '-') {
      inside = begin <= at && at < end;
    } else if (inside && line.starts_with("VmFlags:")) {
      return line + " ";
    }
  }
  return {};
}

}  // namespace

TEST_CASE("huge pages: asked for where a buffer is large") {
  const Buffer<float> buffer(Index{4} << 20);
  const std::string flags = mapping_flags(buffer.data() + buffer.size() / 2);
  if (flags.empty() || !std::filesystem::exists("/sys/kernel/mm/transparent_hugepage")) {
    WARN("skipped: the system has no huge pages, or does not tell what it was asked for");
    return;
  }
  CHECK_THAT(flags, ContainsSubstring(" hg "));
}

TEST_CASE("huge pages: memory stays as it was, wherever it begins") {
  Buffer<char> buffer(Index{3} << 20);
  buffer.fill('x');
  const Index begin = GENERATE(0, 1, 64, 4097);
  const Index size = GENERATE(0, 1, 4096, Index{5} << 19);
  prefer_huge_pages(buffer.data() + begin, static_cast<std::size_t>(size));
  CHECK(std::all_of(buffer.begin(), buffer.end(), [](char value) { return value == 'x'; }));
}
