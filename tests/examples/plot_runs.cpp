#include "../catch.hpp"
#include "program.hpp"
#include "run_fixture.hpp"

namespace fs = std::filesystem;

namespace {

Outcome plot(const std::string& arguments) { return run(example("plot_runs") + " " + arguments); }

}  // namespace

TEST_CASE("plot_runs: draws a run with its report, and several into one folder of figures") {
  const RunFixture first("first");
  const RunFixture second("second");
  const TemporaryFolder out;
  const Outcome one = plot(first.path().string() + " --out " + (out.path() / "one").string());
  CHECK(one.status == 0);
  CHECK(one.error.empty());
  CHECK(line_count(one.out) == 1);
  CHECK(fs::exists(out.path() / "one/report.html"));
  CHECK(fs::exists(out.path() / "one/figures/gradient_flow.csv"));
  const Outcome both =
      plot(first.path().string() + " " + second.path().string() + " --out " + (out.path() / "both").string());
  CHECK(both.status == 0);
  CHECK(fs::exists(out.path() / "both/figures/training_curves_2.csv"));
  CHECK_FALSE(fs::exists(first.path() / "figures"));
}

TEST_CASE("plot_runs: wrong usage ends with status 2 and one line that says what is wrong") {
  const auto [arguments, message] = GENERATE(table<std::string, std::string>({
      {"", "the folder of a run is missing"},
      {"--out /none", "the folder of a run is missing"},
      {"/none", "--out is missing"},
      {"/none --out", "out"},
      {"/none --frobnicate", "frobnicate"},
  }));
  const Outcome outcome = plot(arguments);
  CHECK(outcome.status == 2);
  CHECK(outcome.out.empty());
  CHECK(line_count(outcome.error) == 1);
  CHECK_THAT(outcome.error, ContainsSubstring("plot_runs: ") && ContainsSubstring(message));
}

TEST_CASE("plot_runs: a run that cannot be read or a folder that cannot be made ends with status 1 and one line") {
  const RunFixture folder;
  const auto check = [](const Outcome& outcome, const std::string& message) {
    CHECK(outcome.status == 1);
    CHECK(outcome.out.empty());
    CHECK(outcome.error == "plot_runs: " + message + "\n");
  };
  const std::string out = " --out " + (folder.path() / "out").string();
  check(plot("/none" + out), "/none: no such folder");
  check(plot(folder.path().string() + " /none" + out), "/none: no such folder");
  CHECK_FALSE(fs::exists(folder.path() / "out"));
  const std::string blocked = (folder.path() / "summary.csv/out").string();
  check(plot(folder.path().string() + " --out " + blocked),
        blocked + "/figures: cannot make the folder: Not a directory");
}

TEST_CASE("plot_runs: --help says what it does and draws nothing") {
  const Outcome outcome = plot("--help");
  CHECK(outcome.status == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("RUN...") && ContainsSubstring("--out"));
}
