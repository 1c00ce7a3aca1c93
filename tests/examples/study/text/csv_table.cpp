#include "study/text/csv_table.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "../../../catch.hpp"
#include "../../../data/temporary_folder.hpp"
#include "study/text/csv_file.hpp"

using namespace study;
using lamina::FileError;
using lamina::Index;

namespace {

/// A file with this text.
class TableFile {
 public:
  explicit TableFile(const std::string& text)
      : path_(folder_.write("table.csv", {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()})) {}
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] CsvTable read() const { return CsvTable(path_); }

 private:
  TemporaryFolder folder_;
  std::filesystem::path path_;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("csv table: gives back the bits and the text that were written") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "table.csv";
  constexpr std::array<std::string_view, 3> names{"count", "loss, mean", "na\"me"};
  const std::vector<double> losses{0.1, -0.0, 5e-324, 1.7976931348623157e308, INFINITY, 1.0 / 3};
  const Texts texts{"plain", "with, comma", "\"quoted\"", "two\nlines", "", "two\r\nlines\"\""};
  CsvFile file(path, names);
  for (std::size_t i = 0; i < losses.size(); ++i) file.add(std::numeric_limits<Index>::max(), losses[i], texts[i]);
  file.write();

  const CsvTable table(path);
  REQUIRE(table.size() == losses.size());
  CHECK(table.numbers<Index>("count") == std::vector<Index>(losses.size(), std::numeric_limits<Index>::max()));
  CHECK(table.text("na\"me") == texts);
  const auto read = table.numbers("loss, mean");
  for (std::size_t i = 0; i < losses.size(); ++i) {
    CHECK(std::bit_cast<std::uint64_t>(read[i]) == std::bit_cast<std::uint64_t>(losses[i]));
  }
}

TEST_CASE("csv table: says whether it has a column") {
  const CsvTable table = TableFile("epoch,loss\n").read();
  CHECK(table.has("loss"));
  CHECK_FALSE(table.has("los"));
}

TEST_CASE("csv table: reads a loss that is no number as such") {
  CHECK(std::isnan(TableFile("loss\nnan\n").read().numbers("loss")[0]));
}

TEST_CASE("csv table: is read as any system writes it, and the last line need not end") {
  for (const char* const text :
       {"a,b\n1,x\n2,y\n", "a,b\r\n1,x\r\n2,y\r\n", "a,b\n1,x\n2,y", "a,\"b\"\r\n1,\"x\"\r\n2,\"y\"",
        "\xEF\xBB\xBF"
        "a,b\r\n+1,x\r\n+2,y",
        "\xEF\xBB\xBF\"a\",b\n1,x\n2,y\n"}) {
    const CsvTable table = TableFile(text).read();
    CHECK(table.numbers<int>("a") == std::vector{1, 2});
    CHECK(table.text("b") == Texts{"x", "y"});
  }
}

TEST_CASE("csv table: a table without rows has empty columns") {
  const CsvTable table = TableFile("epoch,loss\n").read();
  CHECK(table.size() == 0);
  CHECK(table.numbers("loss").empty());
}

TEST_CASE("csv table: a broken file is refused with its name, the line and what is wrong there") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"", "is empty: expected a line with the names of the columns"},
      {"a,b,a\n", "line 1: two columns are called 'a'"},
      {"a,b\n1,2\n3\n", "line 3: expected 2 cells, found 1"},
      {"a,b\n1,2,3\n", "line 2: expected 2 cells, found 3"},
      {"a,b\n1,2\n\n", "line 3: expected 2 cells, found 1"},
      {"a,b\n\"two\nlines\",2\n3\n", "line 4: expected 2 cells, found 1"},
      {"a,b\n1,\"2\n3,4\n", "line 2: a quote is never closed"},
      {"a,b\n1,\"2\"x\n", "line 2: text behind a closing quote"},
  }));
  const TableFile file(text);
  CHECK_THROWS_WITH(file.read(), file.path().string() + ": " + message);
}

TEST_CASE("csv table: a cell that is no number is refused with file, line, column and content") {
  const auto cell =
      GENERATE(as<std::string>{}, "", "fast", "1.5x", " 1", "1,5", "1e999", "--1", "+-1", "++1", "+", "0x1p3");
  const TableFile file("epoch,loss\n1,2.5\n2,\"" + cell + "\"\n");
  CHECK_THROWS_WITH(file.read().numbers("loss"),
                    file.path().string() + ": line 3, column 'loss': expected a number, found '" + cell + "'");
}

TEST_CASE("csv table: a fraction is no whole number") {
  const TableFile file("epoch\n1.5\n");
  CHECK_THROWS_WITH(file.read().numbers<Index>("epoch"),
                    file.path().string() + ": line 2, column 'epoch': expected a whole number, found '1.5'");
}

TEST_CASE("csv table: a missing column or file is refused by name") {
  const TableFile file("epoch,loss\n");
  CHECK_THROWS_WITH(file.read().numbers("val_loss"), file.path().string() + ": has no column 'val_loss'");
  CHECK_THROWS_WITH(file.read().text("layer"), file.path().string() + ": has no column 'layer'");
  CHECK_THROWS_WITH(CsvTable("/none/table.csv"), ContainsSubstring("/none/table.csv: cannot be opened"));
}
