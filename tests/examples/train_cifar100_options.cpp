#include <nlohmann/json.hpp>

#include "../catch.hpp"
#include "program.hpp"
#include "small_cifar.hpp"

namespace {

/// What a run with some more flags leaves in its folder, and what it prints.
struct Result {
  Result(const SmallCifar& data, const std::string& name, const std::string& flags) {
    const auto folder = data.out() / name;
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

}  // namespace

TEST_CASE("train_cifar100: the options beyond the study are off, and naming what they default to changes no bit") {
  const SmallCifar data;
  const Result plain(data, "plain", "");
  const Result named(data, "named", "--label-smoothing 0 --init default --optimizer adam --clip-norm 1e300");
  CHECK(named.flow == plain.flow);
  CHECK(plain.config["label_smoothing"] == 0.0);
  CHECK(plain.config["initialization"] == "default");
  CHECK(plain.config["clip_norm"].is_null());
  CHECK(plain.config["optimizer"] == "adam");
  CHECK_THAT(plain.table, ContainsSubstring("Adam, learning rate 0.001") && !ContainsSubstring("smoothing") &&
                              !ContainsSubstring("He init") && !ContainsSubstring("clipping"));
}

TEST_CASE("train_cifar100: each option beyond the study changes the run and stands in its configuration") {
  const SmallCifar data;
  const Result plain(data, "plain", "");
  const auto check = [&](const std::string& flags, const std::string& key, const nlohmann::json& value,
                         const std::string& row) {
    INFO(flags);
    const Result changed(data, key, flags);
    CHECK(changed.flow != plain.flow);
    CHECK_THAT(changed.table, ContainsSubstring(row));
    auto expected = plain.config;
    expected[key] = value;
    CHECK(changed.config == expected);
  };
  check("--label-smoothing 0.1", "label_smoothing", 0.1, "smoothing   0.1 of each label");
  check("--init he", "initialization", "he", "weights     He initialization");
  check("--clip-norm 0.05", "clip_norm", 0.05, "clipping    gradients longer than 0.05");
  check("--optimizer lamb", "optimizer", "lamb", "optimizer   LAMB, learning rate 0.001");
  check("--weight-decay 0.01", "weight_decay", 0.01, "weight decay 0.01");
}

TEST_CASE("train_cifar100: weight decay is LAMB's, too") {
  const SmallCifar data;
  const Result without(data, "without", "--optimizer lamb");
  const Result with(data, "with", "--optimizer lamb --weight-decay 0.1");
  CHECK(with.flow != without.flow);
}

TEST_CASE("train_cifar100: knows the networks beyond the study") {
  CHECK_THAT(train("--model vgg38-bn-rc-preact --summary").out, ContainsSubstring("338,500"));
  CHECK_THAT(train("--model vgg56-bn-rc --summary").out, ContainsSubstring("505,540"));
  CHECK_THAT(train("--model vgg110-bn-rc --summary").out, ContainsSubstring("1,006,660"));
}
