#include <fstream>

#include "../../../catch.hpp"
#include "../../program.hpp"
#include "../../small_cifar.hpp"

namespace fs = std::filesystem;

TEST_CASE("train_cifar100 --eval: finds the test accuracy of the run that wrote the weights") {
  const SmallCifar data;
  REQUIRE(train(data.flags() + " --seed 3 --out " + data.out().string()).status == 0);
  const std::string summary = read_text(data.out() / "test_summary.csv");
  const std::string row = summary.substr(summary.find('\n') + 1);
  const double loss = std::stod(row);
  const double accuracy = std::stod(row.substr(row.find(',') + 1));

  const Outcome outcome =
      train("--data " + data.path().string() + " --eval " + (data.out() / "best.safetensors").string());
  REQUIRE(outcome.status == 0);
  CHECK(line_count(outcome.out) == 1);
  double found_loss = 0;
  double found_accuracy = 0;
  double top5 = 0;
  REQUIRE(std::sscanf(outcome.out.c_str(), "loss %lf, top-1 accuracy %lf %%, top-5 accuracy %lf", &found_loss,
                      &found_accuracy, &top5) == 3);
  CHECK(found_loss == Approx(loss).margin(0.5e-4));  // four digits are printed
  CHECK(found_accuracy == Approx(100 * accuracy).margin(0.5e-2));
  CHECK(top5 >= found_accuracy);
}

TEST_CASE("train_cifar100 --eval: --per-class has a line for each class, with its name where the data has it") {
  const SmallCifar data;
  REQUIRE(train(data.flags() + " --epochs 1 --out " + data.out().string()).status == 0);
  const bool named = GENERATE(true, false);
  if (named) {
    std::ofstream names(data.path() / "fine_label_names.txt");
    names << "apple\n";
    for (int c = 1; c < 100; ++c) names << "name_" << c << "\n";
  }
  const Outcome outcome = train("--data " + data.path().string() + " --per-class --eval " +
                                (data.out() / "checkpoint.safetensors").string());
  REQUIRE(outcome.status == 0);
  CHECK(line_count(outcome.out) == 1 + 100);
  CHECK_THAT(outcome.out, ContainsSubstring(named ? "\napple           " : "\n0               ") &&
                              ContainsSubstring(named ? "\nname_99         " : "\n99              "));
}

TEST_CASE("train_cifar100 --eval: files that cannot be used are refused") {
  const SmallCifar data;
  REQUIRE(train(data.flags() + " --epochs 1 --out " + data.out().string()).status == 0);
  const std::string best = (data.out() / "best.safetensors").string();
  const auto check = [&](const std::string& flags, const std::string& message) {
    const Outcome outcome = train("--data " + data.path().string() + " " + flags);
    CHECK(outcome.status == 1);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.error, ContainsSubstring(message));
    CHECK(line_count(outcome.error) == 1);
  };
  check("--eval /none.safetensors", "/none.safetensors: cannot be opened: No such file");
  check("--eval " + (data.path() / "test.bin").string(), "expected a name that ends in .safetensors");
  check("--model vgg38-bn --eval " + best, best + ": the network has no tensor '3.bias'");
}
