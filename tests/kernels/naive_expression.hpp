#pragma once

#include <array>
#include <cmath>
#include <vector>

#include <lamina/core/team.hpp>
#include <lamina/kernels/gradient_epilogue.hpp>
#include <lamina/kernels/gradient_expression.hpp>

#include "../catch.hpp"
#include "random_values.hpp"

/// @file
/// Expressions, gradient expressions and gradient epilogues over random tensors that are slices of wider ones, each
/// with its own stride, and what they mean, value by value in double.

namespace lamina::test {

/// z / (1 + |z|), an activation that is no rectifier.
struct SmoothFunctor {
  template <class Z>
  static auto apply(const Z& z) {
    return z / (1 + z.abs());
  }
  template <class Z>
  static auto derivative(const Z& z) {
    return (1 + z.abs()).square().inverse();
  }
};

enum class Kind { plain, scaled, rectified, added, smooth };
inline constexpr std::array kKinds{Kind::plain, Kind::scaled, Kind::rectified, Kind::added, Kind::smooth};

template <class T>
kernels::Activation<T> activation_of(Kind kind) {
  if (kind == Kind::smooth) return kernels::Activation<T>::template of<SmoothFunctor>();
  return {.slope = kind == Kind::plain || kind == Kind::scaled ? T{1} : T(0.25)};
}

template <class T>
double activated(const kernels::Activation<T>& activation, double z) {
  if (activation.rectifier()) return z > 0 ? z : z * static_cast<double>(activation.slope);
  return z / (1 + std::abs(z));
}

template <class T>
double activation_derivative(const kernels::Activation<T>& activation, double z) {
  if (activation.rectifier()) return z > 0 ? 1 : static_cast<double>(activation.slope);
  return 1 / ((1 + std::abs(z)) * (1 + std::abs(z)));
}

/// A tensor among `before` channels before and `behind` channels behind its own.
template <class T>
struct Slice {
  Index before = 0;
  Index behind = 0;
  Tensor<T> whole;
  Shape shape;

  Slice() = default;
  Slice(Index batch, Shape of, std::uint32_t stream, Index channels_before, Index channels_behind)
      : before(channels_before),
        behind(channels_behind),
        whole(random_tensor<T>(batch, {of.height, of.width, of.channels + channels_before + channels_behind}, stream)),
        shape(of) {}

  [[nodiscard]] TensorView<T> view() { return whole.view().channels(before, shape.channels); }
  [[nodiscard]] TensorView<const T> view() const { return whole.view().channels(before, shape.channels); }

  /// Whether the channels around the slice are those of `other`.
  [[nodiscard]] bool surroundings_equal(const Slice& other) const {
    const Index channels = whole.shape().channels;
    for (Index i = 0; i < whole.size(); ++i) {
      const Index c = i % channels;
      if ((c < before || c >= before + shape.channels) && whole[i] != other.whole[i]) return false;
    }
    return true;
  }
};

template <class T>
double value_at(const TensorView<T>& view, Index pixel, Index c) {
  return static_cast<double>(view.data[pixel * view.stride + c]);
}

template <class T>
double factor_at(const T* factors, Index c, double without) {
  return factors == nullptr ? without : static_cast<double>(factors[c]);
}

template <class T>
double z_at(const kernels::Expression<T>& expression, Index pixel, Index c) {
  double z = value_at(expression.raw, pixel, c) * factor_at(expression.scale, c, 1) + factor_at(expression.shift, c, 0);
  if (!expression.addend.empty()) z += value_at(expression.addend, pixel, c) * factor_at(expression.addend_scale, c, 1);
  return z;
}

template <class T>
double value_at(const kernels::Expression<T>& expression, Index pixel, Index c) {
  return activated(expression.activation, z_at(expression, pixel, c));
}

template <class T>
double value_at(const kernels::GradientExpression<T>& expression, Index pixel, Index c) {
  const double gradient = value_at(expression.gradient, pixel, c) * factor_at(expression.scale, c, 1);
  if (expression.raw.empty()) return gradient;
  return gradient + value_at(expression.raw, pixel, c) * static_cast<double>(expression.raw_factor[c]) +
         static_cast<double>(expression.shift[c]);
}

/// What an expression of a kind is made of.
template <class T>
struct RandomExpression {
  Kind kind;
  Slice<T> raw;
  Slice<T> addend;
  Buffer<T> scale;
  Buffer<T> shift;
  Buffer<T> addend_scale;

  RandomExpression(Index batch, Shape shape, Kind of, std::uint32_t stream)
      : kind(of),
        raw(batch, shape, stream, 1, 2),
        addend(batch, shape, stream + 1, 2, 0),
        scale(random_buffer<T>(shape.channels, stream + 2)),
        shift(random_buffer<T>(shape.channels, stream + 3)),
        addend_scale(random_buffer<T>(shape.channels, stream + 4)) {}

  [[nodiscard]] kernels::Expression<T> expression() const {
    kernels::Expression<T> result{.raw = raw.view(), .activation = activation_of<T>(kind)};
    if (kind == Kind::plain) return result;
    result.scale = scale.data();
    result.shift = shift.data();
    if (kind == Kind::added || kind == Kind::smooth) {
      result.addend = addend.view();
      result.addend_scale = addend_scale.data();
    }
    return result;
  }
};

template <class T>
struct RandomGradientExpression {
  Slice<T> gradient;
  Slice<T> raw;
  Buffer<T> scale;
  Buffer<T> raw_factor;
  Buffer<T> shift;

  RandomGradientExpression(Index batch, Shape shape, std::uint32_t stream)
      : gradient(batch, shape, stream, 3, 1),
        raw(batch, shape, stream + 1, 0, 2),
        scale(random_buffer<T>(shape.channels, stream + 2)),
        raw_factor(random_buffer<T>(shape.channels, stream + 3)),
        shift(random_buffer<T>(shape.channels, stream + 4)) {}

  [[nodiscard]] kernels::GradientExpression<T> expression(bool plain) const {
    if (plain) return {.gradient = gradient.view()};
    return {.gradient = gradient.view(),
            .scale = scale.data(),
            .raw = raw.view(),
            .raw_factor = raw_factor.data(),
            .shift = shift.data()};
  }
};

/// An epilogue of an input gradient with everything that goes with a kind: added gradients, one or two batch norms, a
/// scale, an earlier value of the target to add to.
template <class T>
struct RandomEpilogue {
  Kind kind;
  kernels::Expression<T> value;
  Slice<T> target;
  Slice<T> target_before;
  Slice<T> added;
  std::array<Slice<T>, 2> raw;
  std::array<Buffer<T>, 2> mean;
  std::array<Buffer<T>, 2> inverse_deviation;
  std::array<Buffer<T>, 2> gamma_gradient;
  std::array<Buffer<T>, 2> beta_gradient;
  Buffer<T> scale;

  RandomEpilogue(Index batch, Shape shape, const RandomExpression<T>& input, std::uint32_t stream)
      : kind(input.kind),
        value(input.expression()),
        target(batch, shape, stream, 1, 1),
        target_before(target),
        added(batch, shape, stream + 1, 0, 3),
        scale(random_buffer<T>(shape.channels, stream + 2)) {
    for (std::size_t k = 0; k < 2; ++k) {
      const auto next = static_cast<std::uint32_t>(stream + 3 + 3 * k);
      raw[k] = Slice<T>(batch, shape, next, 2, static_cast<Index>(k));
      mean[k] = random_buffer<T>(shape.channels, next + 1);
      inverse_deviation[k] = random_buffer<T>(shape.channels, next + 2);
      gamma_gradient[k] = Buffer<T>(shape.channels);
      beta_gradient[k] = Buffer<T>(shape.channels);
    }
  }

  [[nodiscard]] std::size_t norms() const { return kind == Kind::added ? 2 : kind == Kind::plain ? 0 : 1; }

  [[nodiscard]] kernels::GradientEpilogue<T> epilogue() {
    kernels::GradientEpilogue<T> result{.target = target.view()};
    if (kind == Kind::plain) return result;
    result.value = value;
    if (kind != Kind::scaled) result.added = std::as_const(added).view();
    for (std::size_t k = 0; k < norms(); ++k) {
      result.norms[k] = {.raw = std::as_const(raw[k]).view(),
                         .mean = mean[k].data(),
                         .inverse_deviation = inverse_deviation[k].data(),
                         .gamma_gradient = gamma_gradient[k].data(),
                         .beta_gradient = beta_gradient[k].data()};
    }
    if (kind == Kind::rectified) result.scale = scale.data();
    result.accumulate = kind == Kind::added;
    return result;
  }
};

/// Two tensors or arrays agree where their largest difference is at most `terms` roundings of the largest value.
template <class T>
struct Agreement {
  double largest = 1;
  double difference = 0;
  double terms = 0;

  void add(double actual, double expected) {
    const double distance = std::abs(actual - expected);
    difference = std::isnan(distance) ? std::numeric_limits<double>::infinity() : std::max(difference, distance);
    largest = std::max(largest, std::abs(expected));
  }
  [[nodiscard]] bool holds() const {
    return difference <= terms * static_cast<double>(std::numeric_limits<T>::epsilon()) * largest;
  }
};

/// Whether an epilogue was applied to `gradients` (pixel by pixel, channel by channel), each a sum of `terms` terms.
template <class T>
void check_epilogue(RandomEpilogue<T>& random, const std::vector<double>& gradients, double terms) {
  const kernels::GradientEpilogue<T> epilogue = random.epilogue();
  const Index channels = epilogue.target.shape.channels;
  const auto pixels = static_cast<double>(epilogue.target.pixels());
  Agreement<T> target{.terms = terms};
  Agreement<T> sums{.terms = terms + pixels};
  for (Index c = 0; c < channels; ++c) {
    double beta = 0;
    std::array<double, 2> gamma{};
    for (Index pixel = 0; pixel < epilogue.target.pixels(); ++pixel) {
      double dz = gradients[static_cast<std::size_t>(pixel * channels + c)];
      if (!epilogue.added.empty()) dz += value_at(epilogue.added, pixel, c);
      if (!epilogue.value.raw.empty()) {
        dz *= activation_derivative(epilogue.value.activation, z_at(epilogue.value, pixel, c));
      }
      const double before = epilogue.accumulate ? value_at(random.target_before.view(), pixel, c) : 0;
      target.add(value_at(epilogue.target, pixel, c), dz * factor_at(epilogue.scale, c, 1) + before);
      beta += dz;
      for (std::size_t k = 0; k < random.norms(); ++k) {
        gamma[k] += dz * (value_at(epilogue.norms[k].raw, pixel, c) - static_cast<double>(random.mean[k][c])) *
                    static_cast<double>(random.inverse_deviation[k][c]);
      }
    }
    for (std::size_t k = 0; k < random.norms(); ++k) {
      sums.add(static_cast<double>(random.beta_gradient[k][c]), beta);
      sums.add(static_cast<double>(random.gamma_gradient[k][c]), gamma[k]);
    }
  }
  CHECK(target.holds());
  CHECK(sums.holds());
  CHECK(random.target.surroundings_equal(random.target_before));
}

}  // namespace lamina::test
