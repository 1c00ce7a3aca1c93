#include <lamina/models/cifar_precompiled.hpp>

#include "validation_case.hpp"

namespace lamina::bench {

namespace {

/// What a network that learns may be asked to do, slow starts among them.
std::vector<Trouble> learning() { return {healthy(), healthy(1e-2), healthy(1e-4)}; }

std::vector<Trouble> faulty() {
  return {raw_pixels(255),
          shuffled_labels(),
          one_class(11, 0),
          constant_channel(0, 0),
          at_rate(3, Cause::learning_rate_too_high),
          at_rate(1e-9, Cause::learning_rate_too_low),
          frozen_layer(2)};
}

template <class Network>
void add(ValidationCases& cases, const std::string& name) {
  add_cases<Network>(cases, name, learning());
  add_cases<Network>(cases, name, faulty());
}

}  // namespace

void add_study_cases(ValidationCases& cases) {
  add<Vgg08>(cases, "vgg08");
  add<Vgg38Bn>(cases, "vgg38-bn");
  add<Vgg38Rc>(cases, "vgg38-rc");
  add<Vgg38BnRc>(cases, "vgg38-bn-rc");
  add<ResNet20>(cases, "resnet20");
  add<DenseNetBC40x12>(cases, "densenet-bc-40-12");
  add_case<Vgg38BnRcPreact>(cases, "vgg38-bn-rc-preact", healthy());
  add_case<SEResNet20>(cases, "se-resnet20", healthy());
  add_case<CifarSeparableNet>(cases, "separable", healthy());
  add_case<Vgg38>(cases, "vgg38", only_type(Cause::gain_too_small, "38 layers of the default weights"));
}

}  // namespace lamina::bench
