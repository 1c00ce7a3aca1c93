/// What scripts/compile_time compiles: the study's best network, trained on CIFAR-100 and tested, from the images on
/// the disk to the accuracy.
#include <numeric>
#include <vector>

#include <lamina/lamina.hpp>
#ifdef PRECOMPILED
#include <lamina/models/vgg_precompiled.hpp>
#endif

using namespace lamina;

int main(int, char** arguments) {
  const TrainTestSets sets = read_cifar100(arguments[1]);
  const Split split = stratified_split(sets.train, 0.05, 0);
  const Normalization normalization = measure_normalization(sets.train, split.training);
  std::vector<Index> test_images(static_cast<std::size_t>(sets.test.size()));
  std::iota(test_images.begin(), test_images.end(), Index{0});
  BatchLoader<float> training(sets.train, split.training, normalization, {});
  BatchLoader<float> validation(sets.train, split.validation, normalization, LoaderOptions::evaluation());
  BatchLoader<float> test(sets.test, test_images, normalization, LoaderOptions::evaluation());

  Model<Vgg38BnRc> model;
  Trainer trainer(model, Adam<float>(Vgg38BnRc::parameter_count), CosineAnnealing(1e-2, 2e-5, 100), training,
                  validation, Team{});
  trainer.run();
  return trainer.test(test).test.accuracy > 0.5 ? 0 : 1;
}
