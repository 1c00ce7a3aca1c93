#pragma once

#include <cmath>
#include <numbers>
#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/activation.hpp>
#include <lamina/layers/layer.hpp>

/// @file
/// Activations other than a rectifier with one slope (leaky_relu.hpp), each a functor: the function and its derivative
/// as Eigen array expressions. To add one is to list it.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The activation y = Function::apply(x), element by element, of any shape.
/// @tparam Function  has `kind`, `apply(x)` and `derivative(x)`, which take and give Eigen arrays
template <class Function>
struct SmoothActivation : KeepsShape {
  static constexpr std::string_view kind = Function::kind;

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    static constexpr LayerRole role = LayerRole::activation;
    static constexpr bool rectifier = false;
    template <class T>
    static constexpr kernels::Activation<T> activation = kernels::Activation<T>::template of<Function>();

    template <class T>
    static void forward(const Forward<T>& pass) {
      pass.output.matrix() = Function::apply(pass.input.matrix().array()).matrix();
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      pass.input_gradient.matrix() =
          (pass.output_gradient.matrix().array() * Function::derivative(pass.input.matrix().array())).matrix();
    }
  };
};

/// The functors of the activations.
namespace activation {

struct Tanh {
  static constexpr std::string_view kind = "tanh";
  static auto apply(const auto& x) { return x.tanh(); }
  static auto derivative(const auto& x) { return 1 - x.tanh().square(); }
};

/// 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2, which does not overflow.
struct Sigmoid {
  static constexpr std::string_view kind = "sigmoid";
  template <class Array>
  static auto apply(const Array& x) {
    using T = typename Array::Scalar;
    return (x * T(0.5)).tanh() * T(0.5) + T(0.5);
  }
  template <class Array>
  static auto derivative(const Array& x) {
    using T = typename Array::Scalar;
    return (1 - (x * T(0.5)).tanh().square()) * T(0.25);
  }
};

/// x sigmoid(x) (Elfwing, Uchibe and Doya 2018).
struct SiLU {
  static constexpr std::string_view kind = "silu";
  static auto apply(const auto& x) { return x * Sigmoid::apply(x); }
  static auto derivative(const auto& x) { return Sigmoid::apply(x) + x * Sigmoid::derivative(x); }
};

/// x Phi(x), Phi being the distribution function of the normal distribution (Hendrycks and Gimpel 2016).
struct GELU {
  static constexpr std::string_view kind = "gelu";
  template <class Array>
  static auto apply(const Array& x) {
    using T = typename Array::Scalar;
    return x.unaryExpr([](T value) { return value * distribution(value); });
  }
  template <class Array>
  static auto derivative(const Array& x) {
    using T = typename Array::Scalar;
    return x.unaryExpr([](T value) {
      const T density = std::exp(-value * value / 2) * std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
      return distribution(value) + value * density;
    });
  }

 private:
  template <class T>
  static T distribution(T value) {
    return (1 + std::erf(value / std::numbers::sqrt2_v<T>)) / 2;
  }
};

/// x where positive, else exp(x) - 1 (Clevert, Unterthiner and Hochreiter 2016, with alpha = 1).
struct ELU {
  static constexpr std::string_view kind = "elu";
  static auto apply(const auto& x) { return (x > 0).select(x, x.expm1()); }
  template <class Array>
  static auto derivative(const Array& x) {
    using T = typename Array::Scalar;
    return (x > 0).select(T(1), x.exp());
  }
};

/// max(0, min(x, 6)) (Howard et al. 2017); its derivative is 0 at 0 and at 6, as in PyTorch.
struct ReLU6 {
  static constexpr std::string_view kind = "relu6";
  template <class Array>
  static auto apply(const Array& x) {
    using T = typename Array::Scalar;
    return (x <= T(0)).select(T(0), (x >= T(6)).select(T(6), x));
  }
  template <class Array>
  static auto derivative(const Array& x) {
    using T = typename Array::Scalar;
    return (x > T(0) && x < T(6)).template cast<T>();
  }
};

/// ReLU6(x + 3) / 6 (Howard et al. 2019).
struct HardSigmoid {
  static constexpr std::string_view kind = "hard_sigmoid";
  template <class Array>
  static auto apply(const Array& x) {
    using T = typename Array::Scalar;
    return (x <= T(-3)).select(T(0), (x >= T(3)).select(T(1), x / T(6) + T(0.5)));
  }
  template <class Array>
  static auto derivative(const Array& x) {
    using T = typename Array::Scalar;
    return (x > T(-3) && x < T(3)).template cast<T>() / T(6);
  }
};

/// x HardSigmoid(x) (Howard et al. 2019); at -3 and 3 its derivative is 0 and 1, as in PyTorch 2.
struct HardSwish {
  static constexpr std::string_view kind = "hard_swish";
  template <class Array>
  static auto apply(const Array& x) {
    using T = typename Array::Scalar;
    return (x <= T(-3)).select(T(0), (x >= T(3)).select(x, x * (x / T(6) + T(0.5))));
  }
  template <class Array>
  static auto derivative(const Array& x) {
    using T = typename Array::Scalar;
    return (x <= T(-3)).select(T(0), (x >= T(3)).select(T(1), x / T(3) + T(0.5)));
  }
};

}  // namespace activation

using Tanh = SmoothActivation<activation::Tanh>;
using Sigmoid = SmoothActivation<activation::Sigmoid>;
using SiLU = SmoothActivation<activation::SiLU>;
using GELU = SmoothActivation<activation::GELU>;
using ELU = SmoothActivation<activation::ELU>;
using ReLU6 = SmoothActivation<activation::ReLU6>;
using HardSigmoid = SmoothActivation<activation::HardSigmoid>;
using HardSwish = SmoothActivation<activation::HardSwish>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
