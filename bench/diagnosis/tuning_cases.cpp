#include "small_networks.hpp"
#include "validation_case.hpp"

namespace lamina::bench {

namespace {

/// What any network can suffer from.
std::vector<Trouble> common() {
  return {healthy(),
          healthy(1e-4),
          healthy(1e-2),
          healthy(1e-2, true),
          raw_pixels(255),
          raw_pixels(1),
          constant_channel(1, 0),
          one_class(3, 0),
          shuffled_labels(),
          not_a_number(),
          at_rate(1, Cause::learning_rate_too_high),
          at_rate(1e-8, Cause::learning_rate_too_low),
          at_rate(1e-8, Cause::learning_rate_too_low, true),
          frozen_layer(1),
          constant_layer(2, 0.01F)};
}

}  // namespace

ValidationCases tuning_cases() {
  ValidationCases cases;
  using Plain = PlainNet<ReLU, 16>;
  add_cases<Plain>(cases, "plain", common());
  add_cases<Plain>(cases, "plain", {scaled_weights(0.1F), scaled_weights(10), biased(2, -5)});
  add_case<PlainNet<ReLU, 16, LayerList<WrongSign>>>(cases, "plain", only_type(Cause::wrong_backward, "wrong sign"));
  add_case<PlainNet<ReLU, 16, LayerList<>, LayerList<Softmax>>>(cases, "plain",
                                                                only_type(Cause::softmax_before_loss, "softmax"));
  using Normed = NormedNet<ReLU, 16>;
  add_cases<Normed>(cases, "normed", common());
  add_case<Normed>(cases, "normed", biased(2, -5));
  add_case<NormedNet<ReLU, 16, BatchNorm, LayerList<>>>(cases, "normed", only_type(Cause::missing_norm, "no norm"));
  add_case<NormedNet<ReLU, 16, BatchNorm, LayerList<RawBatchNorm>>>(cases, "normed", dead_filter(2));
  add_case<NormedNet<ReLU, 16, BatchNorm, LayerList<BatchNorm>, LayerList<WrongSign>>>(
      cases, "normed", only_type(Cause::wrong_backward, "wrong sign"));
  using Residuals = ResidualNet<ReLU, 16>;
  add_cases<Residuals>(cases, "residual", common());
  add_case<ResidualNet<ReLU, 16, Detached>>(cases, "residual", only_type(Cause::detached_shortcut, "detached"));
  add_case<ResidualNet<ReLU, 16, Identity, LayerList<>>>(cases, "residual", only_type(Cause::missing_norm, "no norm"));
  add_case<BoundedNet<Sigmoid, 16>>(cases, "sigmoid", healthy());
  add_case<BoundedNet<Sigmoid, 16>>(cases, "sigmoid", scaled_layer(1, 200, Cause::saturated_units));
  add_cases<Perceptron<ReLU, 64>>(cases, "perceptron", common());
  add_cases<Perceptron<ReLU, 64>>(cases, "perceptron", {scaled_weights(0.01F), scaled_weights(20), biased(0, -20)});
  return cases;
}

}  // namespace lamina::bench
