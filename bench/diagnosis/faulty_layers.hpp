#pragma once

#include <string_view>

#include <lamina/lamina.hpp>

/// @file
/// Layers with the mistakes that a diagnosis has to find.

namespace lamina::bench {

/// Passes its input on, and its gradient times Numerator / 100: anything but 100 is wrong.
template <int Numerator>
struct WrongGradient : KeepsShape {
  static constexpr std::string_view kind = "wrong_gradient";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    template <class T>
    static void forward(const Forward<T>& pass) {
      pass.output.matrix() = pass.input.matrix();
    }
    template <class T>
    static void backward(const Backward<T>& pass) {
      if (!pass.input_gradient.empty())
        pass.input_gradient.matrix() = static_cast<T>(Numerator) / T{100} * pass.output_gradient.matrix();
    }
  };
};

using Honest = WrongGradient<100>;
using WrongSign = WrongGradient<-100>;
using Detached = WrongGradient<0>;

/// tanh with a backward that forgets the derivative of the function.
struct ForgetfulTanh : KeepsShape {
  static constexpr std::string_view kind = "forgetful_tanh";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    template <class T>
    static void forward(const Forward<T>& pass) {
      pass.output.matrix() = pass.input.matrix().array().tanh().matrix();
    }
    template <class T>
    static void backward(const Backward<T>& pass) {
      if (!pass.input_gradient.empty()) pass.input_gradient.matrix() = pass.output_gradient.matrix();
    }
  };
};

/// Gives zeros, whatever it reads.
struct Nothing : KeepsShape {
  static constexpr std::string_view kind = "nothing";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    template <class T>
    static void forward(const Forward<T>& pass) {
      pass.output.matrix().setZero();
    }
    template <class T>
    static void backward(const Backward<T>& pass) {
      if (!pass.input_gradient.empty()) pass.input_gradient.matrix().setZero();
    }
  };
};

}  // namespace lamina::bench
