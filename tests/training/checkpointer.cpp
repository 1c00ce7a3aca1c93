#include <set>

#include <lamina/io/classifier_file.hpp>
#include <lamina/schedules/constant_schedule.hpp>
#include <lamina/training/checkpointer.hpp>

#include "../catch.hpp"
#include "../data/temporary_folder.hpp"
#include "../io/full_disk.hpp"
#include "../io/text_file.hpp"
#include "tiny_network.hpp"

using namespace lamina;

namespace {

/// Two epochs of five batches, with checkpoints in a folder; notes at which steps the checkpoint is another.
class Run : TrainingObserver {
 public:
  explicit Run(const CheckpointerOptions& options) : checkpointer_(trainer_, folder_.path(), "tiny", options) {
    trainer_.add_observer(checkpointer_);
    trainer_.add_observer(*this);
  }

  [[nodiscard]] std::filesystem::path file(const char* name) const { return folder_.path() / name; }
  [[nodiscard]] Trainer<TinyNetwork>& trainer() { return trainer_; }
  [[nodiscard]] Checkpointer<Trainer<TinyNetwork>>& checkpointer() { return checkpointer_; }
  [[nodiscard]] const std::set<Index>& written() const { return written_; }

 private:
  void on_step(const StepReport&) override { note(); }
  void on_epoch(const EpochReport&) override { note(); }
  void note() {
    if (!std::filesystem::exists(file("checkpoint.safetensors"))) return;
    std::string now = read_text(file("checkpoint.safetensors"));
    if (now != last_) written_.insert(trainer_.state().optimizer.steps);
    last_ = std::move(now);
  }

  TemporaryFolder folder_;
  Dataset images_ = brightness_dataset(40);
  BatchLoader<float> training_{images_, all_of(images_), kBrightnessNormalization, {.batch_size = 8}};
  BatchLoader<float> validation_{images_, all_of(images_), kBrightnessNormalization, LoaderOptions::evaluation(8)};
  Model<TinyNetwork> model_{2};
  Trainer<TinyNetwork> trainer_{model_,
                                Adam<float>(TinyNetwork::parameter_count),
                                ConstantSchedule(1e-2),
                                training_,
                                validation_,
                                Team(1),
                                {.epochs = 2, .batch_size = 8}};
  Checkpointer<Trainer<TinyNetwork>> checkpointer_;
  std::string last_;
  std::set<Index> written_;
};

}  // namespace

TEST_CASE("checkpointer: writes after each epoch, and within one when it is due") {
  const auto [options, steps] = GENERATE(table<CheckpointerOptions, std::set<Index>>({
      {{}, {5, 10}},
      {{.steps = 2}, {2, 4, 5, 7, 9, 10}},
      {{.steps = 5}, {5, 10}},
      {{.minutes = 1e-9}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
      {{.minutes = 60}, {5, 10}},
  }));
  Run run(options);
  run.trainer().run();
  CHECK(run.written() == steps);
}

TEST_CASE("checkpointer: best.safetensors is the model of the best epoch, as PyTorch names it") {
  Run run({});
  run.trainer().run();
  const TensorFile file = read_safetensors(run.file("best.safetensors"));
  Model<TinyNetwork> best;
  read_whole_model(file, best);
  CHECK(std::ranges::equal(best.parameters(), run.trainer().best_model().parameters()));
  CHECK(std::ranges::equal(best.statistics(), run.trainer().best_model().statistics()));
  CHECK(file.metadata().at("epoch") == std::to_string(run.trainer().best_epoch()));
  CHECK(file.metadata().at("format") == "pt");
}

TEST_CASE("checkpointer: best.safetensors says what the caller adds, such as the normalization") {
  const Normalization normalization{{0.5, 0.25, 0.125}, {1, 2, 3}};
  Run run({.metadata = classifier_metadata(normalization)});
  run.trainer().run();
  CHECK(load_classifier<TinyNetwork>(run.file("best.safetensors")).normalization == normalization);
}

TEST_CASE("checkpointer: a full disk ends the training and leaves the last checkpoint") {
  Run run({});
  run.trainer().run([&] { return run.trainer().state().epoch == 1; });
  const std::string last = read_text(run.file("checkpoint.safetensors"));
  {
    const FullDisk limit(1000);
    CHECK_THROWS_WITH(run.trainer().run(), ContainsSubstring("safetensors: cannot be written: File too large"));
  }
  CHECK(read_text(run.file("checkpoint.safetensors")) == last);
  CHECK_FALSE(std::filesystem::exists(run.file("checkpoint.safetensors.part")));
}
