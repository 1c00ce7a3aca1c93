#include <sstream>
#include <vector>

#include <nlohmann/json.hpp>

#include <lamina/models/vgg.hpp>

#include "../catch.hpp"
#include "program.hpp"
#include "small_cifar.hpp"

namespace fs = std::filesystem;

namespace {

std::vector<std::vector<std::string>> table(const fs::path& file) {
  std::istringstream text(read_text(file));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(text, line);) {
    rows.emplace_back();
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

}  // namespace

TEST_CASE("train_cifar100: writes the files of a run") {
  const SmallCifar data;
  const Outcome outcome = train(data.flags() + " --out " + data.out().string());
  CHECK(outcome.error.empty());
  REQUIRE(outcome.status == 0);

  const auto summary = table(data.out() / "summary.csv");
  REQUIRE(summary.size() == 3);
  CHECK(summary[0] == std::vector<std::string>{"epoch", "lr", "train_loss", "train_acc", "val_loss", "val_acc",
                                               "seconds", "images_per_second"});
  CHECK(summary[1][0] == "1");
  CHECK(summary[1][1] == "0.001");
  CHECK(std::stod(summary[2][1]) == Approx((1e-3 + 2e-5) / 2));  // half way down the cosine
  CHECK(std::stod(summary[1][2]) == Approx(4.6).margin(0.3));    // ln 100, the loss of a network that knows nothing

  const auto flow = table(data.out() / "gradient_flow.csv");
  constexpr std::size_t tensors = lamina::Vgg08::parameters.size();
  REQUIRE(flow.size() == 1 + 2 * tensors);
  CHECK(flow[0] == std::vector<std::string>{"epoch", "index", "layer", "mean_abs", "l2_norm", "max_abs", "kind"});
  for (std::size_t i = 0; i < tensors; ++i) {
    CHECK(flow[1 + i][1] == std::to_string(i));
    CHECK(flow[1 + i][2] == lamina::Vgg08::parameters[i].name.view());
    CHECK(flow[1 + i][6] == lamina::Vgg08::parameters[i].kind);
    CHECK(std::stod(flow[1 + i][3]) > 0);
  }
  CHECK(flow[tensors][2] == "19.bias");
  CHECK(flow[1 + tensors][0] == "2");

  const auto updates = table(data.out() / "updates.csv");
  REQUIRE(updates.size() == 1 + 2 * tensors);
  CHECK(updates[0] == std::vector<std::string>{"epoch", "index", "layer", "kind", "ratio"});
  CHECK(std::stod(updates[1][4]) > 0);
  const auto signal = table(data.out() / "signal.csv");
  CHECK(signal[0] == std::vector<std::string>{"epoch", "index", "layer", "kind", "mean", "standard_deviation",
                                              "squared_mean", "dead_share", "saturated_share"});
  CHECK(signal[1][2] == "input");
  CHECK(signal.back()[0] == "2");
  const auto noise = table(data.out() / "noise.csv");
  CHECK(noise[0] == std::vector<std::string>{"epoch", "index", "layer", "kind", "signal_to_noise", "noise_scale"});
  CHECK(noise.back()[2] == "all");

  const auto test = table(data.out() / "test_summary.csv");
  REQUIRE(test.size() == 2);
  CHECK(test[0] == std::vector<std::string>{"test_loss", "test_acc", "best_epoch"});

  const auto config = nlohmann::json::parse(read_text(data.out() / "config.json"));
  CHECK(config["model"] == "vgg08");
  CHECK(config["training_images"] == 100);
  CHECK(config["validation_images"] == 10);
  for (const char* name : {"checkpoint.safetensors", "best.safetensors"}) CHECK(fs::file_size(data.out() / name) > 0);
  CHECK_THAT(read_text(data.out() / "report.html"), ContainsSubstring("vgg08"));
  CHECK(fs::exists(data.out() / "figures" / "gradient_flow.gp"));
  CHECK(std::distance(fs::directory_iterator(data.out()), {}) == 12);  // and the lock
}

TEST_CASE("train_cifar100: prints the layers of a model of each family, and how many parameters it has") {
  const auto [model, layer, total] =
      GENERATE(table<std::string, std::string, std::string>({{"vgg08", "avg_pool", "59,716"},
                                                             {"resnet20", "residual", "278,324"},
                                                             {"se-resnet20", "residual", "280,697"},
                                                             {"wide-resnet-16-4", "residual", "2,772,020"},
                                                             {"densenet-bc-40-12", "dense_block", "188,092"},
                                                             {"lenet5", "max_pool", "90,776"},
                                                             {"separable", "global_avg_pool", "228,772"}}));
  const Outcome outcome = run(example("train_cifar100") + " --summary --model " + model);
  CHECK(outcome.status == 0);
  CHECK_THAT(outcome.out, ContainsSubstring(layer) && ContainsSubstring(" " + total + " "));
}

TEST_CASE("train_cifar100: results do not depend on the number of threads") {
  const SmallCifar data;
  const auto one = data.out() / "1";
  const auto two = data.out() / "2";
  REQUIRE(train(data.flags() + " --out " + one.string()).status == 0);
  REQUIRE(train(data.flags() + " --threads 2 --out " + two.string()).status == 0);
  CHECK(read_text(one / "gradient_flow.csv") == read_text(two / "gradient_flow.csv"));
  CHECK(read_text(one / "test_summary.csv") == read_text(two / "test_summary.csv"));
  for (std::size_t epoch = 1; epoch <= 2; ++epoch) {
    for (std::size_t column = 0; column < 6; ++column) {
      CHECK(table(one / "summary.csv")[epoch][column] == table(two / "summary.csv")[epoch][column]);
    }
  }
}

TEST_CASE("train_cifar100: prints plain lines when output is no terminal, and the gradient flow with its verdict") {
  const SmallCifar data;
  const Outcome outcome = train(data.flags());
  CHECK(outcome.out.find_first_of("\r\x1b") == std::string::npos);
  CHECK_THAT(outcome.out, ContainsSubstring("vgg08, 59,716 parameters") && ContainsSubstring(data.path().string()) &&
                              ContainsSubstring("100 training, 10 validation, 100 test"));
  CHECK_THAT(outcome.out, ContainsSubstring("\n1/2  ") && ContainsSubstring("\n2/2  "));
  CHECK_THAT(outcome.out, ContainsSubstring("  0 entry  ") && ContainsSubstring("  7 head  "));
  CHECK_THAT(outcome.out, ContainsSubstring("healthy: mean |gradient|") && ContainsSubstring("Test: loss 4."));
}

TEST_CASE("train_cifar100: --summary prints the layers and trains nothing") {
  const Outcome outcome = train("--model vgg38-bn-rc --summary --data /none");
  CHECK(outcome.status == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("0 conv") && ContainsSubstring("32x32x32") &&
                              ContainsSubstring("3 residual") && ContainsSubstring("18,560"));
  CHECK_THAT(outcome.out, ContainsSubstring("total") && ContainsSubstring("338,500"));
}

TEST_CASE("train_cifar100: looks for data in the variable, then in the working folder, then paints its own") {
  const SmallCifar data;
  const auto folder = data.out();
  fs::create_directories(folder / "data");
  const std::string flags = " --model vgg08 --limit 100 --batch-size 101";  // ends after reading
  const auto look = [&](const std::string& variable) {
    return run("cd " + folder.string() + " && LAMINA_CIFAR100=" + variable + " " + example("train_cifar100") + flags)
        .error;
  };
  CHECK_THAT(look(data.path().string()), ContainsSubstring("100 images of " + data.train_file().string()));
  CHECK_THAT(look("/none"), ContainsSubstring("/none: no such folder"));
  CHECK_THAT(look("''"), ContainsSubstring("100 images of procedural training set"));
  fs::rename(data.path(), folder / "data" / "cifar-100-binary");
  CHECK_THAT(look("''"), ContainsSubstring("100 images of data/cifar-100-binary/train.bin"));
}

TEST_CASE("train_cifar100: results without a checkpoint are not written over") {
  const SmallCifar data;
  fs::create_directories(data.out());
  std::ofstream(data.out() / "test_summary.csv") << "old";
  const Outcome outcome = train(data.flags() + " --out " + data.out().string());
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.error, ContainsSubstring("holds the results of a run without its checkpoint"));
  CHECK(read_text(data.out() / "test_summary.csv") == "old");
  CHECK_FALSE(fs::exists(data.out() / "config.json"));
}

TEST_CASE("train_cifar100: a run whose gradients vanish says so once, and ends with 3 where it is asked to") {
  const SmallCifar data;
  std::string flags = data.flags();
  flags.replace(flags.find("vgg08"), 5, "vgg38");
  const Outcome told = train(flags);
  CHECK(told.status == 0);
  const auto first = told.out.find("vanishing since step ");
  REQUIRE(first != std::string::npos);
  CHECK(told.out.find("vanishing since step ", first + 1) == std::string::npos);
  const Outcome stopped = train(flags + " --stop-on-failure");
  CHECK(stopped.status == 3);
  CHECK_THAT(stopped.out, ContainsSubstring("Stopped, as --stop-on-failure asks for."));
}
