#include <fstream>
#include <string>
#include <utility>

#include "../catch.hpp"
#include "program.hpp"
#include "small_cifar.hpp"

namespace fs = std::filesystem;

namespace {

/// One line on standard error with the message, nothing on standard output, no results.
void check_refused(const Outcome& outcome, int status, const std::string& message, const fs::path& out) {
  INFO(outcome.error);
  CHECK(outcome.status == status);
  CHECK_THAT(outcome.error, ContainsSubstring("train_cifar100: ") && ContainsSubstring(message));
  CHECK(line_count(outcome.error) == 1);
  CHECK(outcome.out.empty());
  CHECK_FALSE(fs::exists(out));
  CHECK_FALSE(fs::exists(out.parent_path()));
}

}  // namespace

TEST_CASE("train_cifar100: wrong usage ends with status 2 and one line that says what is wrong") {
  const SmallCifar data;
  const auto [flags, message] = GENERATE(table<std::string, std::string>({
      {"--model vgg99",
       "unknown model 'vgg99', expected one of: vgg08, vgg38, vgg38-bn, vgg38-rc, vgg38-bn-rc, "
       "vgg38-bn-rc-preact, vgg56-bn-rc, vgg110-bn-rc"},
      {"--model ''", "unknown model ''"},
      {"--model", "model"},
      {"--frobnicate", "'frobnicate'"},
      {"extra", "unexpected argument 'extra'"},
      {"--lr -1e-3", "--lr must be a number that is not negative, got '-1e-3'"},
      {"--lr fast", "--lr must be a number that is not negative, got 'fast'"},
      {"--lr nan", "--lr must be a number that is not negative, got 'nan'"},
      {"--lr inf", "--lr must be a number that is not negative, got 'inf'"},
      {"--lr 1e-3x", "--lr must be a number that is not negative, got '1e-3x'"},
      {"--lr 1e-5", "--min-lr must not be above --lr, got 2e-05 and 1e-05"},
      {"--min-lr=-1", "--min-lr must be a number that is not negative, got '-1'"},
      {"--weight-decay -1", "--weight-decay must be a number that is not negative, got '-1'"},
      {"--epochs 0", "--epochs must be a positive whole number, got '0'"},
      {"--epochs -3", "--epochs must be a positive whole number, got '-3'"},
      {"--epochs 1.5", "--epochs must be a positive whole number, got '1.5'"},
      {"--epochs ''", "--epochs must be a positive whole number, got ''"},
      {"--batch-size 0", "--batch-size must be a positive whole number, got '0'"},
      {"--batch-size 99999999999999999999", "--batch-size must be a positive whole number, got '99999999999999999999'"},
      {"--limit 0", "--limit must be a positive whole number, got '0'"},
      {"--threads 0", "--threads must be a number from 1 to 1024, got '0'"},
      {"--threads -1", "--threads must be a number from 1 to 1024, got '-1'"},
      {"--seed -1", "--seed must be a whole number that is not negative, got '-1'"},
      {"--checkpoint-minutes -1", "--checkpoint-minutes must be a number that is not negative, got '-1'"},
      {"--checkpoint-steps 0.5", "--checkpoint-steps must be a whole number that is not negative, got '0.5'"},
      {"--per-class", "--per-class needs --eval"},
      {"--label-smoothing -0.1", "--label-smoothing must be a number from 0 to 1, got '-0.1'"},
      {"--label-smoothing 1.1", "--label-smoothing must be a number from 0 to 1, got '1.1'"},
      {"--label-smoothing some", "--label-smoothing must be a number from 0 to 1, got 'some'"},
      {"--init xavier", "--init must be default or he, got 'xavier'"},
      {"--clip-norm 0", "--clip-norm must be a positive number, got '0'"},
      {"--clip-norm -1", "--clip-norm must be a positive number, got '-1'"},
      {"--clip-norm inf", "--clip-norm must be a positive number, got 'inf'"},
      {"--clip-norm nan", "--clip-norm must be a positive number, got 'nan'"},
      {"--extend", "--extend is for a run that goes on: it needs --resume"},
      {"--weights a.safetensors --init he", "--init draws weights and --weights reads them: name one of the two"},
      {"--weights a.safetensors --eval b.safetensors", "--eval measures weights and --weights trains them"},
      {"--optimizer rmsprop", "--optimizer must be adam, adamw, sgd or lamb, got 'rmsprop'"},
      {"--optimizer sgd --momentum 1", "--momentum must be from 0 to below 1, got '1'"},
      {"--momentum 0.9", "--momentum is for --optimizer sgd"},
      {"--optimizer sgd --nesterov", "--nesterov is for --optimizer sgd with a --momentum above 0"},
      {"--accumulate 0", "--accumulate must be a positive whole number, got '0'"},
      {"--accumulate 1048577", "--accumulate must be at most 1048576, got 1048577"},
      {"--schedule linear", "--schedule must be cosine, warmup-cosine, one-cycle or constant, got 'linear'"},
      {"--schedule one-cycle --min-lr 1e-4", "--min-lr is for the schedules cosine and warmup-cosine"},
      {"--warmup 3", "--warmup is for --schedule warmup-cosine"},
      {"--schedule warmup-cosine --epochs 5 --warmup 5", "--warmup must be below the 5 epochs of the run, got 5"},
      {"--ema 1", "--ema must be from 0 to below 1, got '1'"},
      {"--ema 0.9 --swa 1", "--ema and --swa are two averages of the weights: name one of them"},
      {"--swa 0", "--swa must be a positive whole number, got '0'"},
      {"--epochs 3 --swa 4", "--swa must be one of the 3 epochs of the run, got 4"},
      {"--mixup -0.2", "--mixup must be a number that is not negative, got '-0.2'"},
      {"--cutout 33", "--cutout must be a whole number of pixels from 0 to 32, got '33'"},
      {"--temperature 2", "--temperature is for a run with a --teacher"},
      {"--teacher x --teacher-model nosuch", "--teacher-model: "},
      {"--freeze=", "--freeze needs what names begin with, got ''"},
      {"--teacher x --temperature 0", "--temperature must be a positive number, got '0'"},
      {"--teacher x --teacher-weight 2", "--teacher-weight must be a number from 0 to 1, got '2'"},
  }));
  check_refused(train(data.flags() + " --out " + data.out().string() + " " + flags), 2, message, data.out());
}

TEST_CASE("train_cifar100: a command line without what it needs is wrong usage") {
  check_refused(train("--epochs 1"), 2, "--model is missing", "/nowhere/at/all");
  check_refused(train("--model vgg08 --resume"), 2, "--resume needs the folder of the run: --out", "/nowhere/at/all");
}

TEST_CASE("train_cifar100: data that cannot be used ends with status 1 and one line that says what and where") {
  const SmallCifar data;
  constexpr std::streamoff kRecord = 3074;
  const std::string file = data.train_file().string();
  const auto check = [&](const std::string& message, const std::string& flags = "") {
    check_refused(train(data.flags() + " --out " + data.out().string() + " " + flags), 1, message, data.out());
  };
  SECTION("no folder") {
    fs::remove_all(data.path());
    check(data.path().string() + ": no such folder");
  }
  SECTION("no file") {
    fs::remove(data.train_file());
    check(file + ": no such file");
  }
  SECTION("an empty file") {
    fs::resize_file(data.train_file(), 0);
    check(file + ": is empty: expected records of 3074 bytes");
  }
  SECTION("a file that ends in the middle of a record") {
    fs::resize_file(data.train_file(), 7 * kRecord + 100);
    check(file + ": record 7 at offset 21518 is cut off: expected 3074 bytes, found 100");
  }
  SECTION("a label above 99") {
    data.spoil(5 * kRecord + 1, static_cast<char>(100));
    check(file + ": record 5 at offset 15371: expected a fine label from 0 to 99, found 100");
  }
  SECTION("a broken test file") {
    fs::resize_file(data.path() / "test.bin", 1);
    check((data.path() / "test.bin").string() + ": record 0 at offset 0 is cut off");
  }
  SECTION("a batch larger than the data") {
    check("batch size 101 is larger than the 100 images of " + file, "--batch-size 101");
  }
  SECTION("the Python version") {
    fs::remove(data.train_file());
    std::ofstream(data.path() / "train") << "pickle";
    std::ofstream(data.path() / "meta") << "pickle";
    check(file + ": no such file; " + data.path().string() + " holds the Python version of CIFAR-100");
  }
  SECTION("a limit larger than the data") { check(file + ": class 0 has 2 images, not 5", "--limit 500"); }
}

TEST_CASE("train_cifar100: a folder for results that cannot be made ends with status 1 before training starts") {
  const SmallCifar data;
  const fs::path file = data.path() / "test.bin";
  const fs::path out = file / "results" / "one";
  check_refused(train(data.flags() + " --out " + out.string()), 1, out.string() + ": cannot make the folder", out);
  check_refused(train(data.flags() + " --out " + file.string()), 1, file.string() + ": cannot make the folder", out);
}

TEST_CASE("train_cifar100: a disk that is full from the start leaves nothing behind") {
  const SmallCifar data;
  const Outcome outcome = run("trap '' XFSZ; ulimit -f 0; " + example("train_cifar100") + " " + data.flags() +
                              " --out " + data.out().string() + " >/dev/null");
  check_refused(outcome, 1, (data.out() / "config.json").string() + ": cannot be written: File too large", data.out());
}

TEST_CASE("train_cifar100: a disk that fills up during training keeps the rows of finished epochs, whole") {
  const SmallCifar data;
  // 2048 bytes: room for the first epoch's rows, not for its weights.
  const Outcome outcome = run("trap '' XFSZ; ulimit -f 4; " + example("train_cifar100") + " " + data.flags() +
                              " --out " + data.out().string() + " >/dev/null");
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.error,
             ContainsSubstring((data.out() / "best.safetensors").string() + ": cannot be written: File too large"));
  CHECK(line_count(outcome.error) == 1);
  const std::string flow = read_text(data.out() / "gradient_flow.csv");
  CHECK(line_count(flow) == 1 + 17);
  CHECK(flow.ends_with('\n'));
  CHECK(line_count(read_text(data.out() / "summary.csv")) == 1 + 1);
  CHECK(std::distance(fs::directory_iterator(data.out()), {}) == 7);  // and three of evidence, config.json and the lock
}
