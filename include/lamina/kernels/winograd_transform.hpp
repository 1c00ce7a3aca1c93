#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/simd.hpp>

/// @file
/// The transforms of Winograd's minimal filtering F(4x4, 3x3) with the points 0, 1, -1, 2, -2 (Lavin and Gray,
/// "Fast algorithms for convolutional neural networks", CVPR 2016), and their transposes for gradients:
///
///     output tile (4x4) = A' [ (G g G') o (B' d B) ] A        ' is transposition, o the element-wise product
///     weight gradient   = G' [ (B' d B) o (A y A') ] G        d: input tile (6x6), y: output gradient tile (4x4)
///     data gradient     = B  [ (G g G') o (A y A') ] B'       added up where tiles overlap
///
/// One-dimensional transforms are applied to the rows and then to the columns; each value is a vector over channels.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd {

/// Side of an input tile and of an output tile.
inline constexpr Index kInput = 6;
inline constexpr Index kOutput = 4;
/// Values of a transformed tile: as many products replace 4 * 4 * 9.
inline constexpr Index kPoints = kInput * kInput;

/// a + factor b.
template <class T, Index L>
[[nodiscard, gnu::always_inline]] inline Vector<T, L> add_scaled(Vector<T, L> a, T factor, Vector<T, L> b) {
  return multiply_add<T, L>(broadcast<T, L>(factor), b, a);
}

/// t = B' x.
struct InputTransform {
  static constexpr Index from = kInput;
  static constexpr Index to = kInput;
  template <class T, Index L>
  [[gnu::always_inline]] static void apply(const Vector<T, L>* x, Vector<T, L>* t) {
    using V = Vector<T, L>;
    const V a = add_scaled<T, L>(x[4], -4, x[2]);
    const V b = add_scaled<T, L>(x[3], -4, x[1]);
    const V c = x[4] - x[2];
    const V d = x[3] - x[1];
    t[0] = add_scaled<T, L>(c, 4, x[0] - x[2]);
    t[1] = a + b;
    t[2] = a - b;
    t[3] = add_scaled<T, L>(c, 2, d);
    t[4] = add_scaled<T, L>(c, -2, d);
    t[5] = add_scaled<T, L>(x[5] - x[3], -4, d);
  }
};

/// y = A' m.
struct OutputTransform {
  static constexpr Index from = kInput;
  static constexpr Index to = kOutput;
  template <class T, Index L>
  [[gnu::always_inline]] static void apply(const Vector<T, L>* m, Vector<T, L>* y) {
    using V = Vector<T, L>;
    const V near_sum = m[1] + m[2];
    const V near_difference = m[1] - m[2];
    const V far_sum = m[3] + m[4];
    const V far_difference = m[3] - m[4];
    y[0] = m[0] + near_sum + far_sum;
    y[1] = add_scaled<T, L>(near_difference, 2, far_difference);
    y[2] = add_scaled<T, L>(near_sum, 4, far_sum);
    y[3] = add_scaled<T, L>(near_difference, 8, far_difference) + m[5];
  }
};

/// m = A y, the transpose of OutputTransform.
struct OutputGradientTransform {
  static constexpr Index from = kOutput;
  static constexpr Index to = kInput;
  template <class T, Index L>
  [[gnu::always_inline]] static void apply(const Vector<T, L>* y, Vector<T, L>* m) {
    using V = Vector<T, L>;
    const V even = y[0] + y[2];
    const V odd = y[1] + y[3];
    const V far_even = add_scaled<T, L>(y[0], 4, y[2]);
    const V far_odd = 2 * add_scaled<T, L>(y[1], 4, y[3]);
    m[0] = y[0];
    m[1] = even + odd;
    m[2] = even - odd;
    m[3] = far_even + far_odd;
    m[4] = far_even - far_odd;
    m[5] = y[3];
  }
};

/// x = B t, the transpose of InputTransform.
struct InputGradientTransform {
  static constexpr Index from = kInput;
  static constexpr Index to = kInput;
  template <class T, Index L>
  [[gnu::always_inline]] static void apply(const Vector<T, L>* t, Vector<T, L>* x) {
    using V = Vector<T, L>;
    const V near_sum = t[1] + t[2];
    const V near_difference = t[1] - t[2];
    const V far_sum = t[3] + t[4];
    const V far_difference = t[3] - t[4];
    const V inner = 2 * add_scaled<T, L>(far_difference, -2, t[5]);
    x[0] = 4 * t[0];
    x[1] = add_scaled<T, L>(-inner, -4, near_difference);
    x[2] = add_scaled<T, L>(add_scaled<T, L>(-far_sum, -4, near_sum), -5, t[0]);
    x[3] = near_difference + inner - t[5];
    x[4] = t[0] + near_sum + far_sum;
    x[5] = t[5];
  }
};

/// u = G g. Multiplies by reciprocals: a division takes as long as ten multiplications.
struct WeightTransform {
  static constexpr Index from = 3;
  static constexpr Index to = kInput;
  template <class T, Index L>
  [[gnu::always_inline]] static void apply(const Vector<T, L>* g, Vector<T, L>* u) {
    using V = Vector<T, L>;
    const V near_even = (g[0] + g[2]) * (T{-1} / 6);
    const V near_odd = g[1] * (T{-1} / 6);
    const V far_even = add_scaled<T, L>(g[2] * (T{1} / 6), T{1} / 24, g[0]);
    const V far_odd = g[1] * (T{1} / 12);
    u[0] = g[0] * (T{1} / 4);
    u[1] = near_even + near_odd;
    u[2] = near_even - near_odd;
    u[3] = far_even + far_odd;
    u[4] = far_even - far_odd;
    u[5] = g[2];
  }
};

/// g = G' u, the transpose of WeightTransform.
struct WeightGradientTransform {
  static constexpr Index from = kInput;
  static constexpr Index to = 3;
  template <class T, Index L>
  [[gnu::always_inline]] static void apply(const Vector<T, L>* u, Vector<T, L>* g) {
    using V = Vector<T, L>;
    const V near_sum = (u[1] + u[2]) * (T{1} / 6);
    const V far_sum = u[3] + u[4];
    g[0] = add_scaled<T, L>(add_scaled<T, L>(-near_sum, T{1} / 4, u[0]), T{1} / 24, far_sum);
    g[1] = add_scaled<T, L>((u[2] - u[1]) * (T{1} / 6), T{1} / 12, u[3] - u[4]);
    g[2] = add_scaled<T, L>(u[5] - near_sum, T{1} / 6, far_sum);
  }
};

/// Transforms a square tile: result = M tile M', M being the matrix of Transform. load(i, j) gives the tile's values,
/// store(i, j, value) takes the result's.
template <class Transform, class T, Index L, class Load, class Store>
[[gnu::always_inline]] inline void transform_tile(const Load& load, const Store& store) {
  Vector<T, L> rows[Transform::from][Transform::to];
#pragma GCC unroll 6
  for (Index i = 0; i < Transform::from; ++i) {
    Vector<T, L> row[Transform::from];
#pragma GCC unroll 6
    for (Index j = 0; j < Transform::from; ++j) row[j] = load(i, j);
    Transform::template apply<T, L>(row, rows[i]);
  }
#pragma GCC unroll 6
  for (Index j = 0; j < Transform::to; ++j) {
    Vector<T, L> column[Transform::from];
    Vector<T, L> result[Transform::to];
#pragma GCC unroll 6
    for (Index i = 0; i < Transform::from; ++i) column[i] = rows[i][j];
    Transform::template apply<T, L>(column, result);
#pragma GCC unroll 6
    for (Index i = 0; i < Transform::to; ++i) store(i, j, result[i]);
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd
