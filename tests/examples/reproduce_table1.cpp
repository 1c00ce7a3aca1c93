#include <filesystem>

#include "../catch.hpp"
#include "program.hpp"
#include "running_program.hpp"
#include "small_cifar.hpp"

namespace fs = std::filesystem;

namespace {

/// The command for two rows of an epoch each; other flags may follow.
std::string two_rows(const SmallCifar& data) {
  return example("reproduce_table1") + " --rows vgg08-lr-1e-3,vgg38-lr-1e-3 --out " + data.out().string() + " --data " +
         data.path().string() + " --limit 100 --batch-size 10 --threads 1 --epochs 1";
}

/// Without the command and the last column, the time.
std::string results_of(const fs::path& table) {
  std::istringstream lines(read_text(table));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| vgg")) text += line.substr(0, line.rfind('|', line.size() - 2)) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("reproduce_table1: puts finished rows beside the study's") {
  const SmallCifar data;
  const Outcome outcome = run(two_rows(data));
  CHECK(outcome.error.empty());
  REQUIRE(outcome.status == 0);
  const std::string page = read_text(data.out() / "table1.md");
  CHECK_THAT(page, ContainsSubstring("1 epoch of 100 images, validated on 10, seed 0."));
  CHECK_THAT(page, ContainsSubstring("\n| vgg08 | 1e-3 | 1 | 4.") && ContainsSubstring(" / 1.74 (+2."));
  CHECK_THAT(page, ContainsSubstring("\n| vgg38 | 1e-3 | 1 | 4.") && ContainsSubstring(" / 4.61 ("));
  CHECK_THAT(outcome.out, ContainsSubstring(page));
  CHECK(fs::exists(data.out() / "comparisons" / "vgg08_and_vgg38" / "figures" / "training_curves.gp"));
}

TEST_CASE("reproduce_table1: leaves alone what is finished") {
  const SmallCifar data;
  REQUIRE(run(two_rows(data)).status == 0);
  const auto checkpoint = data.out() / "vgg38-lr-1e-3" / "checkpoint.safetensors";
  const auto written = fs::last_write_time(checkpoint);
  const std::string before = read_text(data.out() / "table1.md");
  const Outcome outcome = run(two_rows(data));
  REQUIRE(outcome.status == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("== vgg38-lr-1e-3: finished before"));
  CHECK(fs::last_write_time(checkpoint) == written);
  CHECK(read_text(data.out() / "table1.md") == before);
}

TEST_CASE("reproduce_table1: killed in the second row, the same command ends as if nothing had happened") {
  const SmallCifar data;
  {
    RunningProgram program(two_rows(data) + " --checkpoint-steps 1");
    const auto checkpoint = data.out() / "vgg38-lr-1e-3" / "checkpoint.safetensors";
    while (!fs::exists(checkpoint)) usleep(1000);
    program.end(SIGKILL);
  }
  REQUIRE(run(two_rows(data)).status == 0);
  const SmallCifar other;
  REQUIRE(run(two_rows(other)).status == 0);
  CHECK(results_of(data.out() / "table1.md") == results_of(other.out() / "table1.md"));
  CHECK(read_text(data.out() / "vgg38-lr-1e-3" / "checkpoint.safetensors") ==
        read_text(other.out() / "vgg38-lr-1e-3" / "checkpoint.safetensors"));
}

TEST_CASE("reproduce_table1: --no-training shows unfinished runs as far as they have come, and trains nothing") {
  const SmallCifar data;
  const std::string flags = two_rows(data) + " --epochs 100000";  // it will not come to an end
  const auto checkpoint = data.out() / "vgg08-lr-1e-3" / "checkpoint.safetensors";
  {
    RunningProgram program(flags);
    while (!fs::exists(checkpoint)) usleep(1000);
    program.end(SIGKILL);
  }
  const std::string before = read_text(checkpoint);
  const Outcome outcome = run(flags + " --no-training");
  CHECK(outcome.error.empty());
  REQUIRE(outcome.status == 0);
  CHECK(read_text(checkpoint) == before);
  CHECK_FALSE(fs::exists(data.out() / "vgg38-lr-1e-3"));
  const std::string page = read_text(data.out() / "table1.md");
  CHECK_THAT(page, ContainsSubstring("\n| vgg08 | 1e-3 | ") && ContainsSubstring(" of 100000 | 4."));
  CHECK_THAT(page, ContainsSubstring("\n| vgg38 | 1e-3 | 0 | | | | | | |\n\nTogether 0:0"));
  CHECK_THAT(outcome.out, ContainsSubstring(page));
  CHECK(fs::exists(data.out() / "vgg08-lr-1e-3" / "figures" / "gradient_flow_map.gp"));
}

TEST_CASE("reproduce_table1: what cannot be done is refused before anything is trained") {
  const SmallCifar data;
  const auto check = [&](const std::string& flags, int status, const std::string& message) {
    const Outcome outcome = run(two_rows(data) + " " + flags);
    CHECK(outcome.status == status);
    CHECK_THAT(outcome.error, ContainsSubstring("reproduce_table1: ") && ContainsSubstring(message));
    CHECK(line_count(outcome.error) == 1);
  };
  check("--rows vgg99", 2, "--rows: table 1 has no row 'vgg99', expected some of: vgg08-lr-1e-3, vgg38-lr-1e-3");
  check("--epochs none", 2, "--epochs must be a positive whole number, got 'none'");
  check("--lr 1", 2, "--lr cannot be chosen for all rows");
  check("--extend", 2, "--extend cannot be chosen for all rows");
  check("--weights a.safetensors", 2, "--weights cannot be chosen for all rows");
  check("--frobnicate", 2, "'frobnicate'");
  check("--no-training", 1, "holds no run that has finished an epoch");
  CHECK_FALSE(fs::exists(data.out()));
  REQUIRE(run(two_rows(data)).status == 0);
  check("--epochs 2", 1, "vgg08-lr-1e-3: holds another run (epochs: 1 there, 2 here)");
  check("--optimizer lamb", 1, R"(holds another run (optimizer: "adam" there, "lamb" here))");
}
