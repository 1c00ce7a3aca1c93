#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include <lamina/core/random.hpp>

#include "../catch.hpp"
#include "program.hpp"
#include "running_program.hpp"
#include "same_run.hpp"
#include "small_cifar.hpp"
#include "study/run_folder/folder_lock.hpp"

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

/// Flags of a run of 60 steps with a checkpoint after each.
std::string many_steps(const SmallCifar& data) {
  return data.flags() + " --batch-size 10 --epochs 6 --checkpoint-steps 1";
}

/// A run of one epoch that has come to its end.
fs::path finished_run(const SmallCifar& data) {
  REQUIRE(train(data.flags() + " --epochs 1 --out " + data.out().string()).status == 0);
  return data.out();
}

void check_refused(const std::string& flags, const fs::path& out, const std::string& message) {
  const auto before = contents(out);
  const Outcome outcome = train(flags + " --out " + out.string());
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.error, ContainsSubstring(message));
  CHECK(line_count(outcome.error) == 1);
  CHECK(contents(out) == before);
}

}  // namespace

TEST_CASE("resume: a run killed at 30 random moments ends as if nothing had happened, also on other threads") {
  const SmallCifar data;
  const fs::path whole = data.out() / "whole";
  const fs::path killed = data.out() / "killed";
  const auto start = Clock::now();
  REQUIRE(train(many_steps(data) + " --out " + whole.string()).status == 0);
  const std::chrono::duration<double> duration = Clock::now() - start;

  // On average each attempt lasts a thirtieth of the whole, some of which it needs to start: few come to the end.
  lamina::RandomStream random(1, lamina::RandomPurpose::test);
  for (int attempt = 0; attempt < 30; ++attempt) {
    RunningProgram program(example("train_cifar100") + " " + many_steps(data) + " --resume --threads " +
                           std::to_string(1 + attempt % 3) + " --out " + killed.string());
    std::this_thread::sleep_for(duration * random.uniform(0, 2.0 / 30));
    const int status = program.end(SIGKILL);
    REQUIRE((status == -SIGKILL || status == 0));
  }
  REQUIRE(train(many_steps(data) + " --resume --out " + killed.string()).status == 0);
  check_same_run(whole, killed);
}

TEST_CASE("resume: a signal ends a run after its step, with a checkpoint and a word on how to go on") {
  const SmallCifar data;
  const fs::path whole = data.out() / "whole";
  const fs::path stopped = data.out() / "stopped";
  REQUIRE(train(data.flags() + " --batch-size 10 --epochs 40 --out " + whole.string()).status == 0);
  const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
  // A hangup comes from the system and from the shell.
  const std::string kill = "kill -" + std::to_string(signal) + " $!; " + (signal == SIGHUP ? "kill -HUP $!; " : "");
  const std::string flags = data.flags() + " --batch-size 10 --epochs 40 --out " + stopped.string();
  const Outcome outcome = run(example("train_cifar100") + " " + flags + " & while ! test -s " +
                              (stopped / "best.safetensors").string() + "; do sleep 0.01; done; " + kill + "wait $!");
  CHECK(outcome.status == 128 + signal);
  CHECK_THAT(outcome.out, ContainsSubstring("the same command with --resume goes on from here"));
  CHECK_FALSE(fs::exists(stopped / "test_summary.csv"));
  REQUIRE(train(flags + " --resume").status == 0);
  check_same_run(whole, stopped);
}

TEST_CASE("resume: a hangup does not stop a run that nohup keeps from it") {
  const SmallCifar data;
  const Outcome outcome =
      run("trap '' HUP; " + example("train_cifar100") + " " + data.flags() + " --batch-size 10 --epochs 40 --out " +
          data.out().string() + " & while ! test -s " + (data.out() / "best.safetensors").string() +
          "; do sleep 0.01; done; kill -HUP $!; wait $!");
  CHECK(outcome.status == 0);
  CHECK(fs::exists(data.out() / "test_summary.csv"));
}

TEST_CASE("resume: a disk that is full for a while costs nothing") {
  const SmallCifar data;
  const fs::path whole = data.out() / "whole";
  const fs::path filled = data.out() / "filled";
  REQUIRE(train(many_steps(data) + " --out " + whole.string()).status == 0);
  const std::string flags = many_steps(data) + " --resume --out " + filled.string();
  {
    RunningProgram program(example("train_cifar100") + " " + flags);
    while (!fs::exists(filled / "checkpoint.safetensors")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    program.end(SIGKILL);
  }
  const auto last = read_text(filled / "checkpoint.safetensors");
  const Outcome outcome =
      run("trap '' XFSZ; ulimit -f 100; " + example("train_cifar100") + " " + flags + " >/dev/null");
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.error, ContainsSubstring(".safetensors: cannot be written: File too large"));
  CHECK(read_text(filled / "checkpoint.safetensors") == last);
  REQUIRE(train(flags).status == 0);
  check_same_run(whole, filled);
}

TEST_CASE("resume: of a run that is over measures it again") {
  const SmallCifar data;
  const fs::path out = finished_run(data);
  const auto before = contents(out);
  fs::remove(out / "test_summary.csv");
  const Outcome outcome = train(data.flags() + " --epochs 1 --resume --out " + out.string());
  CHECK(outcome.status == 0);
  CHECK(contents(out) == before);
}

TEST_CASE(
    "resume: the checkpoint says what the run is, and config.json is written again where it is gone or no such file") {
  const SmallCifar data;
  const fs::path out = finished_run(data);
  const auto before = contents(out);
  fs::remove(out / "config.json");
  const std::string put = GENERATE("", "{", "[1]", R"({"epochs": 7})");
  if (!put.empty()) std::ofstream(out / "config.json") << put;
  REQUIRE(train(data.flags() + " --epochs 1 --resume --out " + out.string()).status == 0);
  CHECK(contents(out) == before);
}

TEST_CASE("resume: another configuration or other images are refused, saying what differs") {
  const SmallCifar data;
  const fs::path out = finished_run(data);
  const std::string flags = data.flags() + " --epochs 1 --resume";
  const std::string file = (out / "checkpoint.safetensors").string();
  check_refused(flags + " --seed 7", out, file + ": belongs to another run (seed: 0 there, 7 here)");
  check_refused(flags + " --epochs 3 --lr 1e-2", out, "(epochs: 1 there, 3 here; lr: 0.001 there, 0.01 here)");
  check_refused(flags + " --model vgg38", out, R"(model: "vgg08" there, "vgg38" here)");
  data.spoil(1000, 'x');
  check_refused(flags, out, "data_fingerprint: ");
}

TEST_CASE("resume: a checkpoint that is cut off, damaged or somebody else's is refused, and nothing overwritten") {
  const SmallCifar data;
  const fs::path out = finished_run(data);
  const fs::path file = out / "checkpoint.safetensors";
  const std::string flags = data.flags() + " --epochs 1 --resume";
  const std::string whole = read_text(file);
  const auto put = [&](const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; };

  put(whole.substr(0, whole.size() / 2));
  check_refused(flags, out, file.string() + ": is damaged");
  put("");
  check_refused(flags, out, file.string() + ": is too short");
  std::string flipped = whole;
  flipped[whole.size() - 100] = static_cast<char>(flipped[whole.size() - 100] ^ 4);
  put(flipped);
  check_refused(flags, out, file.string() + ": is damaged");
  fs::copy_file(out / "best.safetensors", file, fs::copy_options::overwrite_existing);
  check_refused(flags, out, file.string() + ": is no checkpoint of a run");
}

TEST_CASE("resume: a folder that holds a run is not begun anew, and one in use not shared") {
  const SmallCifar data;
  const fs::path out = finished_run(data);
  check_refused(data.flags() + " --epochs 1", out, out.string() + ": holds a run already: --resume goes on with it");
  const study::FolderLock lock(out);
  check_refused(data.flags() + " --epochs 1 --resume", out,
                out.string() + ": another program is running in this folder");
}

TEST_CASE("resume: tables without the rows of the checkpoint's epochs are refused, and neither is cut") {
  const SmallCifar data;
  const fs::path out = finished_run(data);
  const std::string flags = data.flags() + " --epochs 1 --resume";
  std::ofstream(out / "summary.csv", std::ios::app) << "2,0,0,0,0,0,0,0\n";  // of an epoch that was not finished
  const std::string flow = read_text(out / "gradient_flow.csv");
  const auto put = [&](const std::string& text) { std::ofstream(out / "gradient_flow.csv") << text; };
  put(flow.substr(0, flow.rfind('\n', flow.size() - 2) + 1));
  check_refused(flags, out, "gradient_flow.csv: has 16 rows of the epochs in the checkpoint, expected 17");
  put("index,layer\n");
  check_refused(flags, out, "gradient_flow.csv: does not begin with the line epoch,index,layer");
  put(flow);
  REQUIRE(train(flags + " --out " + out.string()).status == 0);
  CHECK(line_count(read_text(out / "summary.csv")) == 2);
}
