#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include <lamina/io/safetensors.hpp>

#include "../catch.hpp"
#include "program.hpp"
#include "running_program.hpp"
#include "same_run.hpp"
#include "small_cifar.hpp"

namespace fs = std::filesystem;

namespace {

/// The weights of a run of two epochs.
fs::path trained_weights(const SmallCifar& data) {
  const fs::path out = data.out().parent_path() / "before";
  REQUIRE(train(data.flags() + " --lr 1e-2 --out " + out.string()).status == 0);
  return out / "best.safetensors";
}

/// Writes the tensors of a file as another program would that computes in double.
/// @param prefix  put before every name
void write_in_double(const lamina::TensorFile& file, const fs::path& path, const std::string& prefix = {}) {
  lamina::TensorFile wide;
  for (const lamina::StoredTensor& tensor : file.tensors()) {
    std::vector<double> values(tensor.bytes.size() / sizeof(float));
    file.read_converted<double>(tensor.name, tensor.dimensions, values);
    wide.add<double>(prefix + tensor.name, tensor.dimensions, values);
  }
  lamina::write_safetensors(path, wide);
}

nlohmann::json config_of(const fs::path& run) { return nlohmann::json::parse(read_text(run / "config.json")); }

}  // namespace

TEST_CASE("weights: training starts from those in the file, of whatever floating-point type") {
  const SmallCifar data;
  const fs::path weights = trained_weights(data);
  const auto before = lamina::read_safetensors(weights);
  const bool converted = GENERATE(false, true);
  const fs::path start = converted ? weights.parent_path() / "double.safetensors" : weights;
  if (converted) write_in_double(before, start);
  // At a rate of 0 it ends with the parameters that it started with.
  const Outcome outcome =
      train(data.flags() + " --lr 0 --min-lr 0 --weights " + start.string() + " --out " + data.out().string());
  REQUIRE(outcome.status == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("weights     of " + start.string()));
  const auto after = lamina::read_safetensors(data.out() / "checkpoint.safetensors");
  int parameters = 0;
  for (const lamina::StoredTensor& tensor : before.tensors()) {
    if (tensor.name.find("running_") != tensor.name.npos) continue;
    REQUIRE(after.find(tensor.name) != nullptr);
    CHECK(after.find(tensor.name)->bytes == tensor.bytes);
    ++parameters;
  }
  CHECK(parameters == 17);
}

TEST_CASE("weights: a prefix of the names in the file is stripped when asked for") {
  const SmallCifar data;
  const fs::path weights = trained_weights(data);
  const fs::path wrapped = weights.parent_path() / "wrapped.safetensors";
  write_in_double(lamina::read_safetensors(weights), wrapped, "module.");
  const std::string flags = data.flags() + " --eval ";
  const Outcome refused = train(flags + wrapped.string());
  CHECK(refused.status == 1);
  CHECK_THAT(refused.error, ContainsSubstring("it has one behind the prefix 'module.'"));
  const Outcome outcome = train(flags + wrapped.string() + " --prefix module.");
  REQUIRE(outcome.status == 0);
  const auto accuracies = [](const std::string& text) { return text.substr(text.find("top-1")); };
  CHECK(accuracies(outcome.out) == accuracies(train(flags + weights.string()).out));
  CHECK(train(data.flags() + " --epochs 1 --weights " + wrapped.string() + " --prefix module.").status == 0);
  const Outcome alone = train(data.flags() + " --prefix module.");
  CHECK(alone.status == 2);
  CHECK_THAT(alone.error, ContainsSubstring("--prefix is for the file of --weights or --eval"));
}

TEST_CASE("weights: stand in the configuration, and nothing of them where there are none") {
  const SmallCifar data;
  const fs::path weights = trained_weights(data);
  REQUIRE(train(data.flags() + " --epochs 1 --weights " + weights.string() + " --out " + data.out().string()).status ==
          0);
  const auto config = config_of(data.out());
  CHECK(config["weights"] == weights.string());
  CHECK(config["weights_fingerprint"].get<std::string>().size() == 16);
  CHECK_THAT(read_text(data.out() / "report.html"), ContainsSubstring("from " + weights.string()));
  const auto before = config_of(weights.parent_path());
  CHECK_FALSE(before.contains("weights"));
  CHECK_FALSE(before.contains("weights_fingerprint"));
}

TEST_CASE("weights: a run that was stopped goes on to the bit, wherever the file lies by then") {
  const SmallCifar data;
  const fs::path weights = trained_weights(data);
  const fs::path whole = data.out() / "whole";
  const fs::path killed = data.out() / "killed";
  const std::string flags = data.flags() + " --batch-size 10 --epochs 4 --checkpoint-steps 1";
  REQUIRE(train(flags + " --weights " + weights.string() + " --out " + whole.string()).status == 0);
  {
    RunningProgram program(example("train_cifar100") + " " + flags + " --weights " + weights.string() + " --out " +
                           killed.string());
    while (!fs::exists(killed / "checkpoint.safetensors")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    program.end(SIGKILL);
  }
  const fs::path moved = data.out() / "moved.safetensors";
  fs::rename(weights, moved);
  REQUIRE(train(flags + " --resume --weights " + moved.string() + " --out " + killed.string()).status == 0);
  check_same_run(whole, killed);
}

TEST_CASE("weights: a run does not go on with others, or without") {
  const SmallCifar data;
  const fs::path weights = trained_weights(data);
  const std::string flags = data.flags() + " --epochs 1 --out " + data.out().string();
  REQUIRE(train(flags + " --weights " + weights.string()).status == 0);
  const fs::path others = data.out() / "best.safetensors";  // what training has made of them
  for (const std::string& other : {" --weights " + others.string(), std::string()}) {
    const Outcome outcome = train(flags + " --resume" + other);
    CHECK(outcome.status == 1);
    CHECK_THAT(outcome.error, ContainsSubstring("belongs to another run (weights_fingerprint: \""));
  }
}

TEST_CASE("weights: a file that cannot be used is refused before the folder of the run is made") {
  const SmallCifar data;
  const auto check = [&](const std::string& flags, const std::string& message) {
    const Outcome outcome = train(data.flags() + " --out " + data.out().string() + " " + flags);
    CHECK(outcome.status == 1);
    CHECK_THAT(outcome.error, ContainsSubstring(message));
    CHECK(line_count(outcome.error) == 1);
    CHECK_FALSE(fs::exists(data.out()));
  };
  check("--weights /none.safetensors", "/none.safetensors: cannot be opened: No such file");
  check("--weights " + (data.path() / "test.bin").string(), "expected a name that ends in .safetensors");
  const std::string weights = trained_weights(data).string();
  check("--model vgg38-bn --weights " + weights, weights + ": the network has no tensor '3.bias'");
}
