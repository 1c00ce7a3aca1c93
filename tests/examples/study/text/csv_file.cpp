#include "study/text/csv_file.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <locale>
#include <string_view>

#include <lamina/core/random.hpp>

#include "../../../catch.hpp"
#include "../../../data/temporary_folder.hpp"
#include "../../../io/full_disk.hpp"
#include "../../../io/text_file.hpp"

using namespace study;
using lamina::FileError;
using lamina::Index;

namespace {

constexpr std::array<std::string_view, 1> kOneColumn{"value"};
constexpr std::array<std::string_view, 2> kTwoColumns{"epoch", "loss"};

template <class Number>
Number written_and_read(Number value) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "value.csv";
  CsvFile file(path, kOneColumn);
  file.add(value);
  file.write();
  const std::string text = read_text(path);
  Number result{};
  std::from_chars(text.data() + std::string_view("value\n").size(), text.data() + text.size(), result);
  return result;
}

/// A locale that writes 1.5 as "1,5".
struct CommaPoint : std::numpunct<char> {
  CommaPoint() : std::numpunct<char>(1) {}
  char do_decimal_point() const override { return ','; }
};

}  // namespace

TEST_CASE("csv: numbers read back as the same bits") {
  for (const double value : {0.1, -0.0, 1e-310, 1.7976931348623157e308, 4e-18, 1.0 / 3}) {
    CHECK(std::bit_cast<std::uint64_t>(written_and_read(value)) == std::bit_cast<std::uint64_t>(value));
  }
  lamina::RandomStream random(1, lamina::RandomPurpose::test);
  for (int i = 0; i < 50; ++i) {
    const double value = random.normal() * std::pow(10.0, random.uniform(-300, 300));
    CHECK(written_and_read(value) == value);
    CHECK(written_and_read(static_cast<float>(i) / 7) == static_cast<float>(i) / 7);
  }
  CHECK(written_and_read(std::numeric_limits<Index>::min()) == std::numeric_limits<Index>::min());
}

TEST_CASE("csv: numbers do not depend on the locale") {
  const TemporaryFolder folder;
  const CommaPoint point;
  const std::locale before = std::locale::global(std::locale(std::locale(), &point));
  CsvFile file(folder.path() / "table.csv", kTwoColumns);
  file.add(1000, 1.5);
  file.write();
  std::locale::global(before);
  CHECK(read_text(folder.path() / "table.csv") == "epoch,loss\n1000,1.5\n");
}

TEST_CASE("csv: text that would break the table is quoted") {
  const TemporaryFolder folder;
  CsvFile file(folder.path() / "table.csv", kTwoColumns);
  file.add("plain text", "with, comma");
  file.add("with \"quotes\"", "two\nlines");
  file.write();
  CHECK(read_text(folder.path() / "table.csv") ==
        "epoch,loss\nplain text,\"with, comma\"\n\"with \"\"quotes\"\"\",\"two\nlines\"\n");
}

TEST_CASE("csv: written rows are there while the file is still open") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "table.csv";
  CsvFile file(path, kTwoColumns);
  CHECK(read_text(path) == "epoch,loss\n");
  file.add(1, 4.5);
  CHECK(read_text(path) == "epoch,loss\n");
  file.write();
  CHECK(read_text(path) == "epoch,loss\n1,4.5\n");
}

TEST_CASE("csv: a full disk leaves whole rows and says so") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "table.csv";
  CsvFile file(path, kTwoColumns);
  file.add(1, 4.5);
  file.write();
  const FullDisk limit(20);
  file.add(2, 4.25);
  CHECK_THROWS_WITH(file.write(), ContainsSubstring(path.string() + ": cannot be written: File too large"));
  CHECK(read_text(path) == "epoch,loss\n1,4.5\n");
}

TEST_CASE("csv: a file whose first line cannot be written is not left behind") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "table.csv";
  const FullDisk limit(5);
  CHECK_THROWS_AS(CsvFile(path, kTwoColumns), FileError);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("csv file: goes on behind the rows to keep, and the rest is removed") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "table.csv";
  constexpr std::array<std::string_view, 2> names{"epoch", "loss"};
  const auto up_to_two = [](std::string_view epoch) { return epoch == "1" || epoch == "2"; };
  std::ofstream(path) << "epoch,loss\n1,0.5\n2,0.25\n3,0.125\n4,0.0";
  CHECK(CsvFile<2>::rows_to_keep(path, names, up_to_two) == 2);
  CHECK(read_text(path) == "epoch,loss\n1,0.5\n2,0.25\n3,0.125\n4,0.0");
  auto file = CsvFile<2>::continued(path, names, up_to_two);
  file.add(3, 1.5);
  file.write();
  CHECK(read_text(path) == "epoch,loss\n1,0.5\n2,0.25\n3,1.5\n");
}

TEST_CASE("csv file: does not go on with another table, which stays as it is") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "table.csv";
  std::ofstream(path) << "epoch,accuracy\n1,0.5\n";
  const auto all = [](std::string_view) { return true; };
  constexpr std::array<std::string_view, 2> names{"epoch", "loss"};
  CHECK_THROWS_WITH(static_cast<void>(CsvFile<2>::continued(path, names, all)),
                    path.string() + ": does not begin with the line epoch,loss");
  CHECK(read_text(path) == "epoch,accuracy\n1,0.5\n");
}

TEST_CASE("csv: a table that another program has saved is continued") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "table.csv";
  const auto all = [](std::string_view) { return true; };
  const std::string mark = GENERATE("", "\xEF\xBB\xBF");
  const std::string end = GENERATE("\n", "\r\n");
  lamina::write_file(path, mark + "epoch,loss" + end + "1,0.5" + end + "2,0.25" + end + "3,0.1");
  CHECK(CsvFile<2>::rows_to_keep(path, kTwoColumns, all) == 2);
  auto file = CsvFile<2>::continued(path, kTwoColumns, all);
  file.add(3, 0.125);
  file.write();
  CHECK(read_text(path) == "epoch,loss" + end + "1,0.5" + end + "2,0.25" + end + "3,0.125\n");
}

TEST_CASE("csv row: is the table of one row") {
  CHECK(csv_row(std::array<std::string_view, 2>{"loss", "name"}, 0.25, "a,b") == "loss,name\n0.25,\"a,b\"\n");
}
