#include "small_networks.hpp"
#include "validation_case.hpp"

namespace lamina::bench {

namespace {

/// What any network can suffer from, in other doses than those of the tuning cases.
std::vector<Trouble> common(std::size_t layer) {
  return {healthy(),
          healthy(3e-4),
          healthy(3e-3),
          healthy(3e-2, true),
          healthy(1e-3, false, InitializationScheme::he_normal),
          raw_pixels(255),
          raw_pixels(1),
          constant_channel(2, 0.5F),
          constant_channel(0, -1.8F),
          one_class(0, 0),
          one_class(7, 20),
          shuffled_labels(),
          not_a_number(),
          at_rate(3, Cause::learning_rate_too_high),
          at_rate(0.5, Cause::learning_rate_too_high),
          at_rate(3e-9, Cause::learning_rate_too_low),
          at_rate(1e-7, Cause::learning_rate_too_low, true),
          frozen_layer(layer),
          constant_layer(layer, 0),
          constant_layer(layer, 0.1F)};
}

void add_plain(ValidationCases& cases) {
  using Plain = PlainNet<LeakyReLU, 24>;
  add_cases<Plain>(cases, "plain leaky 24", common(3));
  add_cases<Plain>(cases, "plain leaky 24",
                   {scaled_weights(0.05F), scaled_weights(0.15F), scaled_weights(8), scaled_weights(15),
                    scaled_layer(3, 1e-6F, Cause::gain_too_small), biased(3, -4), biased(1, -8)});
  add_case<PlainNet<LeakyReLU, 24, LayerList<WrongSign>>>(cases, "plain leaky 24",
                                                          only_type(Cause::wrong_backward, "wrong sign"));
  add_case<PlainNet<LeakyReLU, 24, LayerList<WrongGradient<50>>>>(cases, "plain leaky 24",
                                                                  only_type(Cause::wrong_backward, "half a gradient"));
  add_case<PlainNet<ForgetfulTanh, 24>>(cases, "plain tanh 24",
                                        only_type(Cause::wrong_backward, "derivative forgotten"));
  add_case<PlainNet<LeakyReLU, 24, LayerList<Honest>>>(cases, "plain leaky 24, own layer", healthy());
  add_case<PlainNet<LeakyReLU, 24, LayerList<>, LayerList<Softmax>>>(cases, "plain leaky 24",
                                                                     only_type(Cause::softmax_before_loss, "softmax"));
  add_cases<PlainNet<GELU, 16>>(cases, "plain gelu 16", {healthy(), scaled_weights(0.05F), scaled_weights(20)});
}

void add_normed(ValidationCases& cases) {
  using Normed = NormedNet<LeakyReLU, 24>;
  add_cases<Normed>(cases, "normed leaky 24", common(2));
  add_cases<Normed>(cases, "normed leaky 24", {biased(3, -4), biased(0, -6)});
  add_case<NormedNet<LeakyReLU, 24, BatchNorm, LayerList<>>>(cases, "normed leaky 24",
                                                             only_type(Cause::missing_norm, "no norm"));
  add_case<NormedNet<LeakyReLU, 24, BatchNorm, LayerList<RawBatchNorm>>>(cases, "normed leaky 24", dead_filter(2));
  add_case<NormedNet<LeakyReLU, 24, BatchNorm, LayerList<BatchNorm>, LayerList<WrongSign>>>(
      cases, "normed leaky 24", only_type(Cause::wrong_backward, "wrong sign"));
  add_case<NormedNet<LeakyReLU, 24, BatchNorm, LayerList<BatchNorm>, LayerList<>, LayerList<Softmax>>>(
      cases, "normed leaky 24", only_type(Cause::softmax_before_loss, "softmax"));
  add_case<NormedNet<SiLU, 16>>(cases, "normed silu 16", healthy());
}

void add_residual(ValidationCases& cases) {
  using Residuals = ResidualNet<LeakyReLU, 24>;
  add_cases<Residuals>(cases, "residual leaky 24", common(1));
  add_case<Residuals>(cases, "residual leaky 24", biased(0, -6));
  add_case<ResidualNet<LeakyReLU, 24, Detached>>(cases, "residual leaky 24",
                                                 only_type(Cause::detached_shortcut, "detached"));
  add_case<ResidualNet<LeakyReLU, 24, Nothing>>(cases, "residual leaky 24",
                                                only_type(Cause::detached_shortcut, "nothing passes"));
  add_case<ResidualNet<LeakyReLU, 24, WrongSign>>(cases, "residual leaky 24",
                                                  only_type(Cause::wrong_backward, "wrong sign on the shortcut"));
  add_case<ResidualNet<LeakyReLU, 24, Identity, LayerList<>>>(cases, "residual leaky 24",
                                                              only_type(Cause::missing_norm, "no norm"));
  add_case<ResidualNet<LeakyReLU, 24, Identity, LayerList<RawBatchNorm>>>(cases, "residual leaky 24", dead_filter(3));
  add_case<ResidualNet<LeakyReLU, 24, Identity, LayerList<BatchNorm>, LayerList<WrongSign>>>(
      cases, "residual leaky 24", only_type(Cause::wrong_backward, "wrong sign in a branch"));
}

void add_bounded(ValidationCases& cases) {
  add_cases<BoundedNet<Tanh, 24>>(cases, "tanh 24",
                                  {healthy(), healthy(3e-3), scaled_layer(1, 100, Cause::saturated_units)});
  add_cases<BoundedNet<Sigmoid, 24>>(cases, "sigmoid 24",
                                     {healthy(), healthy(3e-3), scaled_layer(1, 150, Cause::saturated_units),
                                      scaled_layer(0, 200, Cause::saturated_units)});
  add_cases<BoundedNet<HardSigmoid, 24>>(cases, "hard sigmoid 24",
                                         {healthy(), scaled_layer(1, 150, Cause::saturated_units)});
  add_cases<Perceptron<LeakyReLU, 96>>(cases, "perceptron leaky 96", common(1));
  add_cases<Perceptron<LeakyReLU, 96>>(cases, "perceptron leaky 96",
                                       {scaled_weights(0.01F), scaled_weights(30), biased(1, -10)});
}

void add_dense(ValidationCases& cases) {
  using Dense = DenseNetBC<16, 8, SmallImage, kSmallClasses>;
  add_cases<Dense>(cases, "densenet-bc-16-8", common(2));
  using ResNet8 = ResNet<8, SmallImage, kSmallClasses>;
  add_cases<ResNet8>(cases, "resnet8", common(2));
  add_cases<LeNet5<SmallImage, kSmallClasses>>(cases, "lenet5",
                                               {healthy(), healthy(1e-2), healthy(1e-2, true), shuffled_labels()});
}

}  // namespace

void add_small_held_out_cases(ValidationCases& cases) {
  add_plain(cases);
  add_normed(cases);
  add_residual(cases);
  add_bounded(cases);
  add_dense(cases);
}

}  // namespace lamina::bench
