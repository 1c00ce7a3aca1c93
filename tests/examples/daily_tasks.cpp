// The examples of one page do what they say.

#include <string>

#include "../catch.hpp"
#include "program.hpp"

namespace {

/// The number behind a text in what a program printed.
double number_behind(const std::string& text, const std::string& out) {
  INFO(out);
  const auto place = out.find(text);
  REQUIRE(place != std::string::npos);
  return std::stod(out.substr(place + text.size()));
}

/// What an example prints, which ends well and says nothing on standard error.
std::string output_of(const std::string& command) {
  const Outcome outcome = run(example(command));
  INFO(outcome.out);
  CHECK(outcome.error.empty());
  CHECK(outcome.status == 0);
  return outcome.out;
}

}  // namespace

TEST_CASE("train: learns to tell test images apart") {
  const std::string out = output_of("train");
  CHECK_THAT(out, ContainsSubstring("epoch 6: ") && ContainsSubstring("the best so far"));
  CHECK(number_behind("test accuracy ", out) > 0.25);  // of 20 classes: by chance 0.05
}

TEST_CASE("evaluate: measures the model as a whole, by classes and frozen") {
  const std::string out = output_of("evaluate");
  const double accuracy = number_behind("accuracy ", out);
  CHECK(accuracy > 0.15);
  CHECK(number_behind("top-5 accuracy ", out) > accuracy);
  CHECK(number_behind("differ by ", out) < 1e-5);
}

TEST_CASE("predict_image: gives three classes for each of three images") {
  const std::string out = output_of("predict_image");
  CHECK(line_count(out) == 3);
  CHECK_THAT(out, ContainsSubstring("right"));
}

TEST_CASE("save_load: the model comes back to the bit, and a file of another network is refused") {
  const TemporaryFolder folder;
  const std::string out = output_of("save_load " + folder.path().string());
  CHECK_THAT(out, ContainsSubstring("came back to the bit"));
  CHECK_THAT(out, ContainsSubstring("8 tensors loaded"));
  CHECK_THAT(out, ContainsSubstring("tensor '0.weight': expected 24x3x3x3, found 16x3x3x3"));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("fine_tune: the head alone is new, and training goes further than from random weights") {
  const TemporaryFolder folder;
  const std::string out = output_of("fine_tune " + folder.path().string());
  CHECK_THAT(out, ContainsSubstring("10 tensors loaded") &&
                      ContainsSubstring("tensor '7.weight': expected 20x32, found 100x32"));
  CHECK(number_behind("steps: ", out) < number_behind("fine-tuned, ", out));
}

TEST_CASE("inference_threads: threads answer what one thread answers") {
  CHECK(output_of("inference_threads") == "400 of 400 answers are those of a single thread\n");
}

TEST_CASE("gradient_flow: vanishes without batch norm and is healthy with it") {
  const std::string out = output_of("gradient_flow");
  const auto second = out.find("with batch norm");
  REQUIRE(second != std::string::npos);
  CHECK_THAT(out.substr(0, second), ContainsSubstring("vanishing: "));
  CHECK_THAT(out.substr(second), ContainsSubstring("healthy: "));
}

TEST_CASE("resume: the weights are those of the uninterrupted run") {
  const TemporaryFolder folder;
  CHECK(output_of("resume " + folder.path().string()) ==
        "resumed after 23 steps\nthe weights are those of the uninterrupted run, to the bit\n");
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("custom_loss: its gradient is right, and a network learns with it") {
  const std::string out = output_of("custom_loss");
  CHECK(number_behind("right up to ", out) < 1e-9);
  CHECK(number_behind("step 60: loss ", out) < number_behind("step 0: loss ", out) / 2);
}

TEST_CASE("regression: explains nearly all that the mean of the targets does not") {
  const std::string out = output_of("regression");
  CHECK(number_behind("mean squared error ", out) < 0.05 * number_behind("targets has ", out));
}

TEST_CASE("export_onnx: writes one file into the temporary folder where it is given none") {
  if (!std::filesystem::exists(example("export_onnx"))) {
    WARN("skipped: there is no onnx");
    return;
  }
  const TemporaryFolder folder;
  const Outcome outcome = run("TMPDIR=" + folder.path().string() + " " + example("export_onnx"));
  CHECK(outcome.status == 0);
  CHECK_THAT(outcome.out, ContainsSubstring("lamina_export.onnx: "));
  CHECK(std::filesystem::exists(folder.path() / "lamina_export.onnx"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "lamina_export.safetensors"));
}

TEST_CASE("lenet_idx: learns digits from files") {
  CHECK(number_behind("epoch 3: test accuracy ", output_of("lenet_idx")) > 0.8);
}

TEST_CASE("lenet_idx: a folder without the files ends with one line and status 1") {
  const TemporaryFolder folder;
  const Outcome outcome = run(example("lenet_idx ") + folder.path().string());
  CHECK(outcome.status == 1);
  CHECK(outcome.error == "lenet_idx: " + (folder.path() / "train-images-idx3-ubyte").string() + ": no such file\n");
}
