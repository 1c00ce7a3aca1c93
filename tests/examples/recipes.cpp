#include <chrono>
#include <filesystem>
#include <thread>

#include <nlohmann/json.hpp>

#include "../catch.hpp"
#include "program.hpp"
#include "running_program.hpp"
#include "same_run.hpp"
#include "small_cifar.hpp"

namespace fs = std::filesystem;

namespace {

/// What a run with some more flags leaves in its folder, and what it prints.
struct Result {
  Result(const SmallCifar& data, const std::string& name, const std::string& flags) {
    const fs::path folder = data.out() / name;
    const Outcome outcome = train(data.flags() + " --out " + folder.string() + " " + flags);
    INFO(outcome.error);
    REQUIRE(outcome.status == 0);
    table = outcome.out;
    flow = read_text(folder / "gradient_flow.csv");
    config = nlohmann::json::parse(read_text(folder / "config.json"));
  }

  std::string table;
  std::string flow;
  nlohmann::json config;
};

/// The weights of another run, to learn from.
std::string teacher_of(const SmallCifar& data) {
  const fs::path folder = data.out() / "teacher";
  REQUIRE(train(data.flags() + " --epochs 1 --seed 5 --out " + folder.string()).status == 0);
  return (folder / "best.safetensors").string();
}

}  // namespace

TEST_CASE("recipes: each flag changes the run and stands in its configuration") {
  const SmallCifar data;
  const Result plain(data, "plain", "");
  int number = 0;
  const auto check = [&](const std::string& flags, const nlohmann::json& changes, const std::string& row) {
    INFO(flags);
    const Result changed(data, std::to_string(++number), flags);
    CHECK(changed.flow != plain.flow);
    CHECK_THAT(changed.table, ContainsSubstring(row));
    auto expected = plain.config;
    expected.update(changes);
    CHECK(changed.config == expected);
  };
  check("--optimizer sgd --momentum 0.9 --nesterov", {{"optimizer", "sgd"}, {"momentum", 0.9}, {"nesterov", true}},
        "optimizer   SGD with Nesterov's momentum 0.9, learning rate 0.001");
  check("--optimizer adamw --weight-decay 0.1 --no-decay-on-norms",
        {{"optimizer", "adamw"}, {"weight_decay", 0.1}, {"no_decay_on_norms", true}},
        "AdamW, learning rate 0.001 falling to 2e-05, weight decay 0.1, none on biases and norms");
  check("--freeze 0.", {{"freeze", "0."}}, "frozen      parameters whose names begin with 0.");
  check("--accumulate 2", {{"accumulate", 2}}, "steps       of 2 batches each");
  check("--schedule one-cycle", {{"schedule", "one_cycle"}, {"min_lr", 0.0}}, "0.001 at the top of one cycle");
  check("--schedule warmup-cosine --warmup 1", {{"schedule", "warmup_cosine"}, {"warmup", 1}},
        "0.001 after 1 epoch, falling to 2e-05");
  check("--schedule constant", {{"schedule", "constant"}, {"min_lr", 0.0}}, "learning rate 0.001 throughout");
  check("--mixup 0.2", {{"mixup", 0.2}}, "mixup       with alpha 0.2");
  check("--cutout 8", {{"cutout", 8}}, "cutout      of 8 pixels square");
}

TEST_CASE("recipes: a teacher changes the run and stands in its configuration") {
  const SmallCifar data;
  const std::string teacher = teacher_of(data);
  const Result plain(data, "plain", "");
  const Result taught(data, "taught",
                      "--temperature 3 --teacher-weight 0.5 --teacher-model vgg08 --teacher " + teacher);
  CHECK(taught.flow != plain.flow);
  CHECK(taught.config["teacher"] == teacher);
  CHECK(taught.config["teacher_model"] == "vgg08");
  CHECK(taught.config["teacher_fingerprint"].get<std::string>().size() == 16);
  CHECK(taught.config["temperature"] == 3.0);
  CHECK(taught.config["teacher_weight"] == 0.5);
  CHECK_THAT(taught.table, ContainsSubstring(teacher + ", temperature 3, weight 0.5"));
}

TEST_CASE("recipes: averages leave the training as it is and have a table of their own") {
  const SmallCifar data;
  const Result plain(data, "plain", "");
  const Result moving(data, "moving", "--ema 0.5");
  CHECK(moving.flow == plain.flow);
  CHECK(moving.config["ema"] == 0.5);
  CHECK_THAT(moving.table, ContainsSubstring("average     of the weights, moving, with decay 0.5") &&
                               ContainsSubstring("averaged weights: validation loss"));
  CHECK(line_count(read_text(data.out() / "moving" / "average_summary.csv")) == 3);
  const Result stochastic(data, "stochastic", "--swa 2");
  CHECK(stochastic.flow == plain.flow);
  CHECK(stochastic.config["swa"] == 2);
  CHECK(line_count(read_text(data.out() / "stochastic" / "average_summary.csv")) == 2);
  CHECK_FALSE(fs::exists(data.out() / "plain" / "average_summary.csv"));
}

TEST_CASE("recipes: a killed run goes on to the bit with each of them") {
  const SmallCifar data;
  const std::string recipe =
      GENERATE(std::string("--optimizer sgd --momentum 0.9 --nesterov --weight-decay 5e-4 --no-decay-on-norms "
                           "--schedule one-cycle --accumulate 3 --ema 0.9 --mixup 0.2 --cutout 8"),
               std::string("--optimizer adamw --freeze 0. --schedule warmup-cosine --warmup 2 --swa 3"),
               std::string("--optimizer lamb --schedule constant --teacher "));
  const std::string flags = data.flags() + " --batch-size 10 --epochs 5 --checkpoint-steps 1 " + recipe +
                            (recipe.ends_with("--teacher ") ? teacher_of(data) : "");
  const fs::path whole = data.out() / "whole";
  const fs::path killed = data.out() / "killed";
  INFO(flags);
  REQUIRE(train(flags + " --out " + whole.string()).status == 0);
  for (int attempt = 0; attempt < 6; ++attempt) {
    const auto checkpoint = killed / "checkpoint.safetensors";
    const std::string before = fs::exists(checkpoint) ? read_text(checkpoint) : "";
    RunningProgram program("env -u LAMINA_CIFAR100 " + example("train_cifar100") + " " + flags +
                           " --resume --threads 2 --out " + killed.string());
    // Until it has got on by three checkpoints or so.
    for (int changes = 0, i = 0; changes < 3 && i < 3000; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      if (fs::exists(checkpoint) && read_text(checkpoint) != before) ++changes;
    }
    program.end(SIGKILL);
  }
  REQUIRE(train(flags + " --resume --out " + killed.string()).status == 0);
  check_same_run(whole, killed);
  const fs::path average = whole / "average_summary.csv";
  if (fs::exists(average)) CHECK(read_text(average) == read_text(killed / "average_summary.csv"));
}

TEST_CASE("recipes: another recipe is another run, which is refused") {
  const SmallCifar data;
  const std::string flags = data.flags() + " --epochs 1 --out " + data.out().string();
  REQUIRE(train(flags + " --mixup 0.2").status == 0);
  const auto refused = [&](const std::string& recipe, const std::string& message) {
    const Outcome outcome = train(flags + " --resume " + recipe);
    CHECK(outcome.status == 1);
    CHECK_THAT(outcome.error, ContainsSubstring("belongs to another run (" + message));
  };
  refused("", "mixup: 0.2 there, nothing here");
  refused("--mixup 0.3", "mixup: 0.2 there, 0.3 here");
  refused("--mixup 0.2 --ema 0.9", "ema: nothing there, 0.9 here");
}

TEST_CASE("recipes: what the network or the run does not have is refused before anything is written") {
  const SmallCifar data;
  const auto refused = [&](const std::string& recipe, const std::string& message) {
    const Outcome outcome = train(data.flags() + " --out " + data.out().string() + " " + recipe);
    CHECK(outcome.status == 1);
    CHECK_THAT(outcome.error, ContainsSubstring(message));
    CHECK(line_count(outcome.error) == 1);
    CHECK_FALSE(fs::exists(data.out()));
  };
  refused("--freeze 99.", "the rule 'frozen 99.' applies to no tensor");
  refused("--schedule one-cycle --accumulate 2",
          "the number of steps of a cycle must be enough to rise and fall, got 2");
  refused("--teacher /nowhere.safetensors", "/nowhere.safetensors");
}
