#include <filesystem>
#include <string>

#include "../catch.hpp"
#include "program.hpp"
#include "run_fixture.hpp"
#include "same_run.hpp"
#include "small_cifar.hpp"

namespace fs = std::filesystem;

TEST_CASE("closed streams: a run that is started without them writes the files that it always writes") {
  const SmallCifar data;
  const fs::path usual = data.out() / "usual";
  const fs::path closed = data.out() / "closed";
  const std::string streams = GENERATE("<&-", ">&-", "2>&-", "<&- >&- 2>&-");
  CAPTURE(streams);
  REQUIRE(train(data.flags() + " --epochs 1 --out " + usual.string()).status == 0);
  CHECK(train(data.flags() + " --epochs 1 --out " + closed.string() + " " + streams).status == 0);
  check_same_run(usual, closed);
  CHECK(read_text(closed / "config.json") == read_text(usual / "config.json"));
  CHECK(read_text(closed / ".lock").empty());
  CHECK(contents(closed).size() == contents(usual).size());
}

TEST_CASE("closed streams: an error still ends a program with its status") {
  const std::string streams = GENERATE("2>&-", "<&- >&- 2>&-");
  CHECK(train("--model vgg08 --data /none " + streams).status == 1);
  CHECK(train("--model vgg99 " + streams).status == 2);
}

TEST_CASE("closed streams: the other programs of the study do without them, too") {
  const RunFixture folder;
  const std::string streams = GENERATE("<&-", ">&-", "2>&-", "<&- >&- 2>&-");
  CHECK(run(example("plot_runs") + " " + folder.path().string() + " --out " + folder.path().string() + " " + streams)
            .status == 0);
  CHECK_THAT(folder.text("report.html"), ContainsSubstring("</html>"));
  CHECK(run(example("reproduce_table1") + " --help " + streams).status == 0);
}
