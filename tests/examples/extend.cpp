#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "../catch.hpp"
#include "program.hpp"
#include "running_program.hpp"
#include "same_run.hpp"
#include "small_cifar.hpp"
#include "study/text/csv_table.hpp"

namespace fs = std::filesystem;

namespace {

/// Flags of a run with ten steps an epoch, for results in a folder.
std::string flags_for(const SmallCifar& data, const fs::path& out) {
  return data.flags() + " --batch-size 10 --out " + out.string();
}

nlohmann::json config_of(const fs::path& run) { return nlohmann::json::parse(read_text(run / "config.json")); }

void check_refused(const std::string& flags, const fs::path& out, const std::string& message) {
  const auto before = contents(out);
  const Outcome outcome = train(flags);
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.error, ContainsSubstring((out / "checkpoint.safetensors").string() + message));
  CHECK(line_count(outcome.error) == 1);
  CHECK(contents(out) == before);
}

/// Kills a run that is being extended as soon as an epoch more is done.
void extend_and_kill(const std::string& flags, const fs::path& out, std::size_t epochs) {
  RunningProgram program(example("train_cifar100") + " " + flags);
  while (study::CsvTable(out / "summary.csv").size() <= epochs) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  program.end(SIGKILL);
}

}  // namespace

TEST_CASE("extend: other epochs alone are refused, saying what does it, and a run is never cut short") {
  const SmallCifar data;
  const std::string flags = flags_for(data, data.out());
  REQUIRE(train(flags + " --epochs 2").status == 0);
  check_refused(flags + " --resume --epochs 3", data.out(),
                ": is of a run with --epochs 2, not 3: --extend lets it have more from here on");
  for (const std::string extend : {"", " --extend"}) {
    check_refused(flags + " --resume --epochs 1" + extend, data.out(),
                  ": is of a run with --epochs 2, not 1: a run can be extended, but not cut short");
    check_refused(flags + " --resume --epochs 3 --lr 1e-2" + extend, data.out(),
                  ": belongs to another run (epochs: 2 there, 3 here; lr: 0.001 there, 0.01 here)");
  }
}

TEST_CASE("extend: a finished run goes on, on the cosine over all of its epochs, and says so") {
  const SmallCifar data;
  const std::string flags = flags_for(data, data.out());
  REQUIRE(train(flags + " --epochs 2").status == 0);
  const std::string before = read_text(data.out() / "summary.csv");
  const auto config = config_of(data.out());

  const Outcome outcome = train(flags + " --epochs 4 --resume --extend");
  REQUIRE(outcome.status == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("extended    from 2 epochs after step 20;"));
  CHECK(read_text(data.out() / "summary.csv").starts_with(before));
  const auto rates = study::CsvTable(data.out() / "summary.csv").numbers("lr");
  REQUIRE(rates.size() == 4);
  CHECK(rates[1] == Approx((1e-3 + 2e-5) / 2));  // half way of two epochs
  CHECK(rates[2] == Approx((1e-3 + 2e-5) / 2));  // half way of four epochs
  CHECK(rates[3] == Approx(2e-5 + (1e-3 - 2e-5) * (1 - std::sqrt(0.5)) / 2));
  CHECK(fs::exists(data.out() / "test_summary.csv"));
  auto expected = config;
  expected["epochs"] = 4;
  expected["extensions"] = {{{"epochs", 2}, {"steps", 20}}};
  CHECK(config_of(data.out()) == expected);
}

TEST_CASE("extend: killed on the way, the same command ends as if nothing had happened") {
  const SmallCifar data;
  const fs::path whole = data.out() / "whole";
  const fs::path killed = data.out() / "killed";
  for (const fs::path& out : {whole, killed}) REQUIRE(train(flags_for(data, out) + " --epochs 1").status == 0);
  const std::string more = " --epochs 4 --resume --extend --checkpoint-steps 1";
  REQUIRE(train(flags_for(data, whole) + more).status == 0);
  extend_and_kill(flags_for(data, killed) + more, killed, 1);
  CHECK_FALSE(fs::exists(killed / "test_summary.csv"));
  // By then it is a run of four epochs, with or without the flag.
  const std::string go_on = GENERATE(" --epochs 4 --resume --extend", " --epochs 4 --resume");
  REQUIRE(train(flags_for(data, killed) + go_on).status == 0);
  check_same_run(whole, killed);
  CHECK(config_of(whole)["extensions"] == config_of(killed)["extensions"]);
}

TEST_CASE("extend: where there is nothing to extend it changes nothing") {
  const SmallCifar data;
  const std::string flags = flags_for(data, data.out());
  REQUIRE(train(flags + " --epochs 1").status == 0);
  const auto before = contents(data.out());
  REQUIRE(train(flags + " --epochs 1 --resume --extend").status == 0);
  CHECK(contents(data.out()) == before);
  const fs::path other = data.out().parent_path() / "new";
  REQUIRE(train(flags_for(data, other) + " --epochs 1 --resume --extend").status == 0);
  check_same_run(data.out(), other);
}

TEST_CASE("extend: twice is another run than once, and both stand in its configuration") {
  const SmallCifar data;
  const std::string flags = flags_for(data, data.out());
  for (const std::string epochs : {"1", "2", "4"}) {
    REQUIRE(train(flags + " --resume --extend --epochs " + epochs).status == 0);
  }
  const nlohmann::json expected = {{{"epochs", 1}, {"steps", 10}}, {{"epochs", 2}, {"steps", 20}}};
  CHECK(config_of(data.out())["extensions"] == expected);
  CHECK(study::CsvTable(data.out() / "summary.csv").size() == 4);
}
