/// Interrupts a training and goes on with it as if nothing had happened: the weights are the same to the bit.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include <lamina/io/safetensors.hpp>
#include <lamina/lamina.hpp>
#include <lamina/training/checkpointer.hpp>  // needs nlohmann/json.hpp, which lamina.hpp does without

using namespace lamina;

using Network = Sequential<Image<32, 32, 3>, Conv2d<16, 3, ConvOptions{.stride = 2}>, BatchNorm, ReLU,  //
                           Dropout, GlobalAvgPool, Linear<20>>;

/// A training run: what it learns from, and the trainer. All that is random in it is a function of seeds and of its
/// position, so a run needs nothing else to go on than what is in a checkpoint.
struct Run {
  explicit Run(const Dataset& images)
      : split(stratified_split(images, 0.1, 0)),
        normalization(measure_normalization(images, split.training)),
        training(images, split.training, normalization, {.batch_size = 50}),
        validation(images, split.validation, normalization, LoaderOptions::evaluation()) {}

  Split split;
  Normalization normalization;
  BatchLoader<float> training;
  BatchLoader<float> validation;
  Model<Network> model;
  Trainer<Network> trainer{
      model,        Adam<float>(Network::parameter_count), CosineAnnealing(5e-3, 1e-4, 4), training, validation, Team{},
      {.epochs = 4}};
};

int main(int argc, char** argv) {
  const std::filesystem::path folder =
      (argc > 1 ? std::filesystem::path(argv[1]) : std::filesystem::temp_directory_path()) / "lamina_resume";
  std::filesystem::create_directories(folder);
  const Dataset images = procedural_cifar100({.train = 1000, .test = 1}, Cifar100Labels::coarse).train;

  // The run as it should be.
  Run whole(images);
  whole.trainer.run();

  // The same with a checkpointer, which writes checkpoint.safetensors at the end of each epoch, of 18 steps, and, here,
  // after every 5 steps of one. The function that run() is given ends it after 27 steps, as a signal might.
  Index steps = 0;
  Run interrupted(images);
  Checkpointer checkpointer(interrupted.trainer, folder, "resume.cpp", {.steps = 5});
  interrupted.trainer.add_observer(checkpointer);
  interrupted.trainer.run([&] { return ++steps == 27; });

  // A new run, as if in another process, on any number of threads, goes on from the file: after step 23.
  Run resumed(images);
  restore_checkpoint(read_safetensors(folder / "checkpoint.safetensors"), resumed.trainer);
  std::cout << "resumed after " << resumed.trainer.state().optimizer.steps << " steps\n";
  resumed.trainer.run();

  const bool same = std::ranges::equal(resumed.model.parameters(), whole.model.parameters()) &&
                    std::ranges::equal(resumed.model.statistics(), whole.model.statistics());
  std::cout << (same ? "the weights are those of the uninterrupted run, to the bit\n" : "the weights differ\n");
  std::filesystem::remove_all(folder);
}
