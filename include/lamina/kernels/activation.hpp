#pragma once

#include <array>

#include <Eigen/Core>

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

// g++ 12 warns of an undefined register in its own AVX-512 header wherever Eigen's functions use it (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

/// An element-wise activation as kernels see it. Rectifiers are a slope, which kernels apply to vectors in registers;
/// any other activation is a pair of functions over a run of values.
template <class T>
struct Activation {
  T slope = 1;  ///< value = z for z > 0, else slope z; 1 for no activation
  /// value[i] = f(z[i]) for i < count, the same memory allowed; null for a rectifier.
  void (*apply)(Index count, const T* z, T* value) = nullptr;
  /// gradient[i] *= f'(z[i]) for i < count; null for a rectifier.
  void (*multiply_derivative)(Index count, const T* z, T* gradient) = nullptr;

  [[nodiscard]] constexpr bool rectifier() const { return apply == nullptr; }
  [[nodiscard]] constexpr bool identity() const { return rectifier() && slope == T{1}; }

  /// The activation of a functor whose static members apply(z) and derivative(z) take and give Eigen arrays.
  template <class Functor>
  [[nodiscard]] static constexpr Activation of() {
    return {
        .slope = 1,
        .apply = [](Index count, const T* z, T* value) { Array(value, count) = Functor::apply(ConstArray(z, count)); },
        .multiply_derivative =
            [](Index count, const T* z, T* gradient) {
              Array(gradient, count) *= Functor::derivative(ConstArray(z, count));
            }};
  }

 private:
  using Array = Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>>;
  using ConstArray = Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>>;
};

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
