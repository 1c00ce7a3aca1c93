#include <sstream>

#include <nlohmann/json.hpp>

#include "../catch.hpp"
#include "program.hpp"

TEST_CASE("quickstart: runs, and its loss falls") {
  const Outcome outcome = run(example("quickstart"));
  CHECK(outcome.status == 0);
  CHECK(outcome.error.empty());
  const auto loss_at = [&](const std::string& step) {
    const std::string before = "step " + step + ": loss ";
    return std::stod(outcome.out.substr(outcome.out.find(before) + before.size()));
  };
  CHECK(loss_at("100") < loss_at("0") / 4);
}

TEST_CASE("densenet: prints both networks, and their losses fall") {
  const Outcome outcome = run(example("densenet"));
  CHECK(outcome.status == 0);
  CHECK(outcome.error.empty());
  CHECK_THAT(outcome.out, ContainsSubstring("dense_block             16x16x40") && ContainsSubstring("residual") &&
                              ContainsSubstring("memory for batches of 50: model 0."));
  std::string::size_type end = 0;
  const auto next_loss = [&](const std::string& step) {
    const std::string before = "step " + step + ": loss ";
    end = outcome.out.find(before, end) + before.size();
    return std::stod(outcome.out.substr(end));
  };
  for (int network = 0; network < 2; ++network) {
    const double first = next_loss("0");
    CHECK(next_loss("20") < first / 2);
  }
}

TEST_CASE("custom_layer: its gradient is right, and it learns") {
  const Outcome outcome = run(example("custom_layer"));
  CHECK(outcome.status == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("largest relative error") && ContainsSubstring("after 100 steps: loss 0."));
}

TEST_CASE("bench_step: prints one line of JSON") {
  const std::string program = example("../bench/bench_step");
  if (!std::filesystem::exists(program)) {
    WARN("skipped: the benchmarks are not built");
    return;
  }
  const std::string mode = GENERATE("train", "infer");
  const Outcome outcome = run(program + " --model vgg08 --batch-size 4 --steps 2 --threads 1 --mode " + mode);
  CHECK(outcome.status == 0);
  CHECK(line_count(outcome.out) == 1);
  const auto line = nlohmann::ordered_json::parse(outcome.out);
  std::string keys;
  for (const auto& [key, value] : line.items()) keys += key + " ";
  CHECK(keys ==
        "model mode batch_size threads parameters step_ms_median step_ms_min images_per_second gflops_effective "
        "peak_rss_mb ");
  CHECK(line["mode"] == mode);
  CHECK(line["parameters"] == 59716);
  CHECK(line["step_ms_median"] >= line["step_ms_min"]);
  // The two figures are the same time: 16.4 million multiply-adds an image, of two operations, three times in training.
  const double operations = line["gflops_effective"].get<double>() / line["images_per_second"].get<double>() * 1e9;
  CHECK(operations == Approx(2 * 16'498'816 * (mode == "train" ? 3 : 1)).epsilon(0.05));
}

TEST_CASE("bench_step: wrong usage ends with status 2 and one line") {
  const std::string program = example("../bench/bench_step");
  if (!std::filesystem::exists(program)) {
    WARN("skipped: the benchmarks are not built");
    return;
  }
  for (const std::string flags : {"", "--model vgg99", "--model vgg08 --mode fly", "--model vgg08 --steps 0",
                                  "--model vgg08 --steps x", "--model vgg08 --nothing"}) {
    const Outcome outcome = run(program + " " + flags);
    INFO(outcome.error);
    CHECK(outcome.status == 2);
    CHECK(line_count(outcome.error) == 1);
  }
}
