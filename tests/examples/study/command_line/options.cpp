#include "study/command_line/options.hpp"

#include <vector>

#include "../../../catch.hpp"

using namespace study;

namespace {

Options parsed(std::vector<const char*> flags) {
  flags.insert(flags.begin(), {"train_cifar100", "--model", "vgg08"});
  return parse_options(static_cast<int>(flags.size()), flags.data());
}

}  // namespace

TEST_CASE("options: a number may begin with a plus, whatever flag it is for") {
  const Options options = parsed({"--lr",
                                  "+1e-2",
                                  "--min-lr=+1e-4",
                                  "--epochs",
                                  "+3",
                                  "--batch-size",
                                  "+50",
                                  "--seed",
                                  "+7",
                                  "--threads",
                                  "+2",
                                  "--limit",
                                  "+500",
                                  "--weight-decay",
                                  "+0.5",
                                  "--label-smoothing",
                                  "+0.1",
                                  "--clip-norm",
                                  "+1",
                                  "--checkpoint-minutes",
                                  "+5",
                                  "--checkpoint-steps",
                                  "+9"});
  CHECK(options.learning_rate == 1e-2);
  CHECK(options.minimum_learning_rate == 1e-4);
  CHECK(options.epochs == 3);
  CHECK(options.batch_size == 50);
  CHECK(options.seed == 7);
  CHECK(options.threads == 2);
  CHECK(options.limit == 500);
  CHECK(options.weight_decay == 0.5);
  CHECK(options.label_smoothing == 0.1);
  CHECK(options.clip_norm == 1);
  CHECK(options.checkpoint_minutes == 5);
  CHECK(options.checkpoint_steps == 9);
}

TEST_CASE("options: two signs are no number") {
  for (const char* const text : {"+-1", "++1", "-+1", "+"}) {
    CHECK_THROWS_WITH(parsed({"--lr", text}), ContainsSubstring("--lr must be a number"));
    CHECK_THROWS_WITH(parsed({"--epochs", text}), ContainsSubstring("--epochs must be a positive whole number"));
  }
}
