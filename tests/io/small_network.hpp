#pragma once

#include <algorithm>
#include <numeric>

#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

/// A network with every kind of tensor.
using SmallNetwork = lamina::Sequential<
    lamina::Image<2, 2, 3>, lamina::Conv2d<2, 2, lamina::ConvOptions{.bias = false}>, lamina::BatchNorm,
    lamina::Residual<lamina::Projection<lamina::Conv2d<2, 1>>, lamina::Conv2d<2, 1>>, lamina::Linear<3>>;
static_assert(SmallNetwork::parameter_count == 24 + 4 + 6 + 6 + 9);

/// Parameters 0, 1, 2, ... and statistics 100, 101, ...
template <class T = float>
[[nodiscard]] lamina::Model<SmallNetwork, T> counted_model() {
  lamina::Model<SmallNetwork, T> model;
  std::iota(model.parameters().begin(), model.parameters().end(), T{0});
  std::iota(model.statistics().begin(), model.statistics().end(), T{100});
  return model;
}

template <class T>
[[nodiscard]] bool same_values(const lamina::Model<SmallNetwork, T>& a, const lamina::Model<SmallNetwork, T>& b) {
  return std::ranges::equal(a.parameters(), b.parameters()) && std::ranges::equal(a.statistics(), b.statistics());
}
