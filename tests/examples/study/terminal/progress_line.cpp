#include "study/terminal/progress_line.hpp"

#include <algorithm>

#include "../../../catch.hpp"

using namespace study;

namespace {

constexpr BarStyle kBlocks{"█", "░"};
constexpr BarStyle kAscii{"#", "."};

/// Characters of UTF-8 text: all bytes but those that continue one.
std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

}  // namespace

TEST_CASE("progress line: always fits into the terminal, with a column to spare") {
  const Progress progress{.title = "epoch 17/100", .fraction = 0.43, .figures = {"0:48 left", "loss 4.36", "7.12 %"}};
  for (std::size_t width = 1; width < 200; ++width) {
    CHECK(characters(progress_line(progress, width, kBlocks)) < width);
  }
}

TEST_CASE("progress line: a narrow terminal loses the least important figures first") {
  const Progress progress{.title = "epoch", .fraction = 0.5, .figures = {"first", "second"}};
  CHECK(progress_line(progress, 60, kAscii) == "epoch ###############...............  50 %  first  second");
  CHECK(progress_line(progress, 36, kAscii) == "epoch ########........  50 %  first");
  CHECK(progress_line(progress, 26, kAscii) == "epoch #######......  50 %");
  CHECK(progress_line(progress, 20, kAscii) == "epoch  50 %");
}

TEST_CASE("progress line: the bar is as full as the work is done") {
  const auto filled = [](double fraction) {
    const std::string line = progress_line({.title = "x", .fraction = fraction, .figures = {}}, 80, kAscii);
    return std::count(line.begin(), line.end(), '#');
  };
  CHECK(filled(0) == 0);
  CHECK(filled(0.5) == 15);
  CHECK(filled(1) == 30);
}

TEST_CASE("times and numbers are written as people read them") {
  CHECK(clock_time(0.4) == "0:00");
  CHECK(clock_time(48) == "0:48");
  CHECK(clock_time(3599.6) == "1:00:00");
  CHECK(clock_time(3723) == "1:02:03");
  CHECK(grouped(1) == "1");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(47500123) == "47,500,123");
  CHECK(percent(0.0712) == "7.12 %");
  CHECK(wrapped("one two three four", 10) == "one two\nthree\nfour");
}
