/// What scripts/compile_time compiles: a step of training of the study's best network.
#include <vector>

#include <lamina/lamina.hpp>
#ifdef PRECOMPILED
#include <lamina/models/vgg_precompiled.hpp>
#endif

using namespace lamina;

int main() {
  Model<Vgg38BnRc> model;
  TrainingStep step(model, Adam<float>(Vgg38BnRc::parameter_count), 100, Team{});
  const Tensor<float> images(100, Vgg38BnRc::input_shape);
  return step(images.view(), std::vector<Label>(100), 1e-3).correct > 100 ? 1 : 0;
}
